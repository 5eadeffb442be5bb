import test from "ava";
import { Readings, TimedProgram } from "../../src/bench/timed-program.ts";
import type { Kernels } from "../../src/kernels/abi.ts";
import { barriersOnly } from "../../src/program/execute.ts";
import { type Instruction, type Program, STEP } from "../../src/program/instruction.ts";

const nothing = { stage: 0, microBatch: 0, dependencies: [], subject: -1, bytes: 0, flops: 0 };
const relu = (id: number): Instruction => {
  const values = [id, 2, 3].map((base) => ({ base, stride: 0, times: STEP.none }));
  return { id, kind: "forward", kernel: "relu", arguments: values, costKey: "relu 3", ...nothing };
};
const barrier = (id: number): Instruction => {
  return { id, kind: "barrier", kernel: null, arguments: [], costKey: "barrier", ...nothing };
};
const program: Program = { rank: 0, instructions: [relu(0), barrier(1), relu(2), barrier(3)] };

function timed(pairs: number) {
  const called: (number | "meet")[] = [];
  const kernels = { relu: (y: number) => called.push(y) } as unknown as Kernels;
  const readings = Readings.make(program.instructions.length, pairs);
  const runner = new TimedProgram(
    program,
    kernels,
    barriersOnly(() => called.push("meet")),
    readings,
  );
  return { called, readings, step: () => runner.run(new Int32Array(STEP.count)) };
}

test("observed or not, a step executes every instruction once, in order", (t) => {
  const { called, step } = timed(2);
  for (let i = 0; i < 2; i++) {
    step();
    t.deepEqual(called.splice(0), [0, "meet", 2, "meet"]);
  }
});

test("the instructions' times add up to no more than their step's", (t) => {
  const { readings, step } = timed(10);
  for (let i = 0; i < 20; i++) step();
  t.is(readings.count, 10);
  const columns = [0, 1, 2, 3, 4, 5].map((index) => readings.column(index));
  for (let pair = 0; pair < 10; pair++) {
    const [plain, observed, ...parts] = columns.map((column) => column[pair]);
    t.true(plain >= 0 && parts.every((us) => us >= 0));
    t.true(parts.reduce((sum, us) => sum + us, 0) <= observed + 1e-6);
  }
});

test("shares add up also where each step stalls in another instruction", (t) => {
  const parts = 4;
  const readings = Readings.make(parts, 9);
  for (let pair = 0; pair < 9; pair++) {
    const us = Array.from({ length: parts }, (_, index) => (pair < 8 && index === pair % parts ? 1000 : 2));
    readings.next()?.set([7, us.reduce((sum, part) => sum + part, 0), ...us]);
    readings.numbers[0]++;
  }
  const shares = readings.shares();
  t.is(shares.length, parts);
  const sum = shares.reduce((total, share) => total + share, 0);
  t.true(Math.abs(sum - 100) < 1e-9, `${sum} %`);
  // By medians each instruction would have 2 of 1006 µs.
  t.true(
    shares.every((share) => share > 5),
    `${shares}`,
  );
});

test("full readings take no more, and cleared ones begin again", (t) => {
  const { readings, step } = timed(2);
  for (let i = 0; i < 10; i++) step();
  t.is(readings.count, 2);
  readings.clear();
  for (let i = 0; i < 2; i++) step();
  t.is(readings.count, 1);
});
