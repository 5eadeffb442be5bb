import test from "ava";
import * as fc from "fast-check";
import { HYPER, type Kernels } from "../../src/kernels/abi.ts";
import { allTwins, numbers, type Twins } from "./twins.ts";

const twins = allTwins(16 * 1024 * 1024);
const POISON = 0x7fc0dead;
/** Floats of poison around every operand. */
const MARGIN = 16;
const STATES = { sgd: 0, momentum: 1, adam: 2 } as const;
type Optimizer = keyof typeof STATES;
const OPTIMIZERS = Object.keys(STATES) as Optimizer[];

interface Case {
  readonly optimizer: Optimizer;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** What the strides of x and dy exceed the row lengths by. */
  readonly gap: number;
}

/** Two copies of w and its states among poison, one for the kernel in one pass, one for the two kernels it stands for. */
function layOut(kernels: Kernels, { optimizer, m, n, k, gap }: Case) {
  let floats = MARGIN;
  const place = (count: number) => {
    const at = floats;
    floats = Math.ceil((floats + count + MARGIN) / 16) * 16;
    return 4 * at;
  };
  const [ldx, ldy] = [m + gap, n + gap];
  const hyper = place(HYPER.bytes / 4);
  const [x, dy, g] = [place(k * ldx), place(k * ldy), place(m * n)];
  const pieces = [0, 1].map(() => Array.from({ length: STATES[optimizer] + 1 }, () => place(m * n)));
  const bytes = Math.max(kernels.updateScratchBytes(m, n, k), kernels.gemmScratchBytes(m, n, k));
  const scratch = place(bytes / 4);
  return {
    ldx,
    ldy,
    hyper,
    x,
    dy,
    g,
    pieces,
    scratch,
    floats,
    scratchBytes: kernels.updateScratchBytes(m, n, k),
  };
}

function fill(
  memory: WebAssembly.Memory,
  layout: ReturnType<typeof layOut>,
  { m, n, k }: Case,
  seed: number,
) {
  const floats = new Float32Array(memory.buffer);
  new Uint32Array(memory.buffer).fill(POISON, 0, layout.floats);
  const next = numbers(seed);
  const rows = (at: number, count: number, width: number, ld: number) => {
    for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) floats[at / 4 + i * ld + j] = next();
  };
  rows(layout.x, k, m, layout.ldx);
  rows(layout.dy, k, n, layout.ldy);
  for (let part = 0; part < layout.pieces[0].length; part++)
    for (let i = 0; i < m * n; i++) {
      const value = part === 2 ? Math.abs(next()) : next();
      for (const piece of layout.pieces) floats[piece[part] / 4 + i] = value;
    }
  const hyper = new DataView(memory.buffer, layout.hyper);
  const settings = [0.1, 0.01, 0.9, 0.9, 0.999, 1e-8, 0.1, 0.001, 10, 1000];
  settings.forEach((value, index) => {
    hyper.setFloat32(4 * index, value, true);
  });
}

/** The first place where one pass and two differ, or where anything else was written. */
function difference({ engine, kernels, memory }: Twins, job: Case, seed: number): string | undefined {
  const layout = layOut(kernels, job);
  fill(memory, layout, job, seed);
  const { m, n, k, optimizer } = job;
  const { ldx, ldy, hyper, x, dy, g, pieces, scratch } = layout;
  const [[w, first, second], [v, third, fourth]] = pieces;
  const sizes = [m, n, k, ldx, ldy, scratch] as const;
  if (optimizer === "sgd") kernels.gemmTNSgd(w, x, dy, hyper, ...sizes);
  else if (optimizer === "momentum") kernels.gemmTNMomentum(w, first, x, dy, hyper, ...sizes);
  else kernels.gemmTNAdam(w, first, second, x, dy, hyper, ...sizes);
  const words = new Uint32Array(memory.buffer);
  const end = (scratch + layout.scratchBytes) / 4;
  const spilt = words.subarray(end, end + MARGIN).some((word) => word !== POISON);

  kernels.gemmTN(g, x, dy, 0, m, n, k, n, ldx, ldy, 0, 0, scratch);
  if (optimizer === "sgd") kernels.sgd(v, g, hyper, m * n);
  else if (optimizer === "momentum") kernels.momentum(v, third, g, hyper, m * n);
  else kernels.adam(v, third, fourth, g, hyper, m * n);
  const name = `${engine} ${JSON.stringify(job)}`;
  if (spilt) return `${name}: written past the scratch`;
  for (let part = 0; part < pieces[0].length; part++) {
    const [one, two] = pieces.map((piece) =>
      words.subarray(piece[part] / 4 - MARGIN, piece[part] / 4 + m * n + MARGIN),
    );
    if (Buffer.compare(Buffer.from(one.slice().buffer), Buffer.from(two.slice().buffer)) !== 0)
      return `${name}: part ${part}`;
  }
  return undefined;
}

test("a gradient and its update in one pass have the bits of the two kernels, at every edge of tiles and blocks", (t) => {
  let seed = 1;
  for (const pair of twins)
    for (const optimizer of OPTIMIZERS)
      for (const m of [1, 5, 6, 7, 47, 48, 49, 97])
        for (const n of [1, 10, 15, 16, 17, 64, 513])
          for (const k of [0, 1, 32]) {
            const found = difference(pair, { optimizer, m, n, k, gap: seed % 3 }, seed++);
            if (found) return t.fail(found);
          }
  return t.pass();
});

test("sums over more samples than a block holds stay one chain", (t) => {
  for (const pair of twins)
    for (const [m, n, k] of [
      [50, 530, 257],
      [7, 100, 1300],
      [20, 33, 9000],
      [30, 1024, 300],
      [49, 2048, 40],
    ] as const) {
      const found = difference(pair, { optimizer: "momentum", m, n, k, gap: 0 }, m + n);
      if (found) return t.fail(found);
    }
  return t.pass();
});

test("sizes of 0 change nothing", (t) => {
  for (const pair of twins)
    for (const [m, n] of [
      [0, 5],
      [5, 0],
    ])
      t.is(difference(pair, { optimizer: "adam", m, n, k: 4, gap: 0 }, 3), undefined);
});

test("scratch for some sizes is enough for all smaller ones", (t) => {
  const size = (max: number) => fc.integer({ min: 1, max });
  const { kernels } = twins[0]!;
  fc.assert(
    fc.property(size(900), size(1500), size(3000), size(900), size(1500), size(3000), (m, n, k, p, q, r) => {
      const most = kernels.updateScratchBytes(Math.max(m, p), Math.max(n, q), Math.max(k, r));
      t.true(most >= kernels.updateScratchBytes(m, n, k));
      t.is(most % 64, 0);
    }),
  );
});
