import test from "ava";
import { difference, run } from "./poison.ts";
import { allTwins } from "./twins.ts";

const twins = allTwins(1 << 20);

test("each of the 256 bytes becomes its 255th part, correctly rounded, in vectors and in tails", (t) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const expected = Float32Array.from(bytes, (byte) => byte / 255);
  for (const { engine, kernels, memory } of twins) {
    const [wide] = run(memory, [new Float32Array(256), bytes, Uint32Array.of(0)], (out, bytes, order) =>
      kernels.gatherBytes(out, bytes, order, 1, 256),
    );
    const order = Uint32Array.from(bytes);
    const [narrow] = run(memory, [new Float32Array(256), bytes, order], (out, bytes, order) =>
      kernels.gatherBytes(out, bytes, order, 256, 1),
    );
    t.is(difference(wide, expected), undefined, engine);
    t.is(difference(narrow, expected), undefined, engine);
  }
});

test("rows of any width come in the given order, some twice, and their labels with them", (t) => {
  for (const { engine, kernels, memory } of twins) {
    for (const width of [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 784]) {
      for (const order of [[], [0], [4, 0, 4, 2, 1]]) {
        const bytes = Uint8Array.from({ length: 5 * width }, (_, i) => i * 89 + (i >> 8));
        const labels = Uint8Array.of(9, 0, 255, 3, 7);
        const rows = order.length;
        const operands = [new Float32Array(rows * width), bytes, Uint32Array.from(order)];
        const [found] = run(memory, operands, (out, bytes, order) =>
          kernels.gatherBytes(out, bytes, order, rows, width),
        );
        const expected = order.flatMap((row) =>
          [...bytes.subarray(row * width, (row + 1) * width)].map((b) => b / 255),
        );
        t.is(difference(found, Float32Array.from(expected)), undefined, `${engine} ${rows} × ${width}`);
        const [classes] = run(
          memory,
          [new Int32Array(rows), labels, Uint32Array.from(order)],
          (out, labels, order) => kernels.gatherLabels(out, labels, order, rows),
        );
        t.deepEqual(
          [...classes],
          order.map((row) => labels[row]),
          `${engine} ${rows}`,
        );
      }
    }
  }
});
