import test from "ava";
import { difference, floats, type Operand, run, SIZES } from "./poison.ts";
import { allTwins, numbers } from "./twins.ts";

const twins = allTwins(1 << 20);

test("a fingerprint has its twin's bits at every size, begun and continued", (t) => {
  for (const { engine, kernels, reference, memory } of twins)
    for (const n of SIZES) {
      const operands: Operand[] = [Uint32Array.of(1, 2, 0xffffffff, n), floats(n, numbers(n + 1))];
      const [expected] = run(memory, operands, (state, x) => reference.fingerprint(state, x, n));
      const [found] = run(memory, operands, (state, x) => kernels.fingerprint(state, x, n));
      t.is(difference(found, expected), undefined, `${engine} ${n}`);
    }
});

test("a bit that differs anywhere shows, and so do two signs that change together", (t) => {
  for (const { engine, kernels, memory } of twins) {
    const of = (x: Uint32Array) => {
      const [state] = run(memory, [new Uint32Array(4), x], (state, at) =>
        kernels.fingerprint(state, at, x.length),
      );
      return String(state);
    };
    const x = new Uint32Array(floats(37, numbers(5)).buffer);
    const seen = new Set([of(x)]);
    for (let index = 0; index < x.length; index++)
      for (let bit = 0; bit < 32; bit++) seen.add(of(x.with(index, x[index] ^ (1 << bit))));
    t.is(seen.size, 1 + 37 * 32, engine);
    const signs = x.with(3, x[3] ^ (1 << 31));
    t.not(of(signs.with(7, x[7] ^ (1 << 31))), of(x), engine);
  }
});
