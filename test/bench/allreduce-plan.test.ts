import test from "ava";
import fc from "fast-check";
import type { AllreduceCase } from "../../src/bench/allreduce-case.ts";
import { ranksByProcess, rowOfCase } from "../../src/bench/allreduce-case.ts";
import { besideMpi, planAllreduces } from "../../src/bench/allreduce-plan.ts";
import { checkInput, checkSum, fillInput } from "../../src/bench/exact-sums.ts";
import { checkAllreduceMemory } from "../../src/bench/memory-check.ts";
import { type Round, SamplingPlan, sampleTogether } from "../../src/bench/sampling-plan.ts";

test("without words the ranks of one process sum five sizes into one shared result", (t) => {
  const cases = planAllreduces({}, null);
  t.deepEqual(
    cases.map(({ bytes }) => bytes),
    [1024, 65536, 1048576, 4194304, 16777216],
  );
  for (const one of cases) t.like(one, { transport: "memory", algorithm: "shared", ranks: 2 });
});

test("each algorithm is measured at each size, once", (t) => {
  const words = { transport: "tcp", algorithm: "naive,ring,naive", ranks: "3", bytes: "4, 8" };
  t.deepEqual(
    planAllreduces(words, null).map(({ algorithm, bytes }) => `${algorithm} ${bytes}`),
    ["naive 4", "naive 8", "ring 4", "ring 8"],
  );
  t.is(planAllreduces({ algorithm: "all", bytes: "4" }, null).length, 6);
  t.is(planAllreduces({ algorithm: "all", bytes: "4", transport: "ipc" }, null).length, 6);
  t.throws(() => planAllreduces({ algorithm: "point-to-point" }, null), { code: "bad-value" });
});

test("MPI has as many ranks as mpirun started, and the sizes of ours", (t) => {
  const own = planAllreduces({ algorithm: "all", bytes: "4,8" }, 4);
  t.true(own.every(({ ranks }) => ranks === 2));
  const mpi: AllreduceCase[] = [4, 8].map((bytes) => ({
    transport: "mpi",
    algorithm: "library",
    ranks: 4,
    ranksPerProcess: 1,
    bytes,
  }));
  t.deepEqual(besideMpi(own, 4), mpi);
  t.deepEqual(planAllreduces({ transport: "mpi", bytes: "4,8" }, 4), mpi);
  t.throws(() => planAllreduces({ transport: "mpi", ranks: "2" }, 4), { code: "bad-value" });
  t.throws(() => planAllreduces({ transport: "mpi" }, 1), { code: "not-under-mpirun" });
  t.throws(() => planAllreduces({ transport: "mpi", algorithm: "ring" }, 4), { code: "bad-value" });
});

test("bus bandwidth is the buffer's, times 2 (P − 1) / P; messages are counted over all ranks", (t) => {
  const one: AllreduceCase = {
    ...{ transport: "tcp", algorithm: "ring", ranks: 4, ranksPerProcess: 1, bytes: 4096 },
  };
  const row = rowOfCase(one, { min: 1, median: 2, mean: 2.5, p99: 3 });
  t.like(row, {
    us: 2,
    minUs: 1,
    p99Us: 3,
    algbwGBs: 2.048,
    busbwGBs: 3.072,
    wireBytes: 2 * 3 * 4096,
    processes: 4,
  });
  t.false("library" in row);
  t.like(rowOfCase({ ...one, algorithm: "point-to-point" }, { min: 1, median: 2, mean: 2.5, p99: 3 }), {
    ...{ busbwGBs: 2.048, wireBytes: 4 * 4096 },
  });
  t.is(rowOfCase({ ...one, algorithm: "shared" }, { min: 1, median: 2, mean: 2.5, p99: 3 }).wireBytes, 0);
});

test("ranks of one process send nothing to each other: what is sent, and bus bandwidth, are the processes'", (t) => {
  const words = { transport: "ipc", algorithm: "ring", ranks: "5", "ranks-per-process": "2", bytes: "4096" };
  const [one] = planAllreduces(words, null);
  t.deepEqual(ranksByProcess(one), [[0, 1], [2, 3], [4]]);
  const row = rowOfCase(one, { min: 1, median: 2, mean: 2.5, p99: 3 });
  t.like(row, { ranks: 5, processes: 3, wireBytes: 2 * 2 * 4096, algbwGBs: 2.048 });
  t.is(row.busbwGBs, (2.048 * 4) / 3);
  t.false("ranksPerProcess" in row);
});

test("ranks a process are refused where there is one process, and where links alone are measured", (t) => {
  for (const words of [
    { "ranks-per-process": "1" },
    { transport: "mpi", "ranks-per-process": "1" },
    { transport: "tcp", "ranks-per-process": "2" },
    { transport: "tcp", "ranks-per-process": "0" },
    { transport: "tcp", "ranks-per-process": "two" },
    { transport: "tcp", ranks: "4", "ranks-per-process": "2", algorithm: "point-to-point" },
  ])
    t.throws(() => planAllreduces(words, 4), { code: "bad-value" }, JSON.stringify(words));
  const all = { transport: "tcp", ranks: "4", "ranks-per-process": "2", algorithm: "all", bytes: "4" };
  t.is(planAllreduces(all, null).length, 5);
});

test("what needs more memory than there is, is refused before anything starts, with all processes' need", (t) => {
  const words = {
    transport: "tcp",
    algorithm: "ring",
    ranks: "4",
    "ranks-per-process": "2",
    bytes: "4194304",
  };
  const cases = planAllreduces(words, null);
  t.notThrows(() => checkAllreduceMemory(cases, 100e6));
  t.throws(() => checkAllreduceMemory(cases, 20e6), {
    code: "too-much-memory",
    message: /^4194304 bytes on 4 ranks by ring need .* in each of 2 processes/,
  });
});

test("a wrong element is found and named, a right sum is let through", (t) => {
  const sum = new Float32Array(600);
  fillInput(sum, 0);
  const ranks = [1, 2].map((rank) => {
    const input = new Float32Array(600);
    fillInput(input, rank);
    return input;
  });
  for (const input of ranks) for (const i of input.keys()) sum[i] += input[i];
  t.notThrows(() => checkSum(sum, 3, "x"));
  sum[599] += 1;
  t.throws(() => checkSum(sum, 3, "ring, 2400 bytes"), {
    code: "wrong-sum",
    message: /^ring, 2400 bytes: element 599 of 600 is \d+, not \d+$/,
  });
  t.notThrows(() => checkInput(ranks[1], 2, "x"));
  t.throws(() => checkInput(ranks[1], 1, "x"), { code: "wrong-sum" });
});

test("a plan ends, warms up first, and takes fewer samples the longer a call is", (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), (callUs) => {
      const plan = new SamplingPlan(10);
      const timesOf = ({ calls, samples }: Round) => Array.from({ length: samples }, () => callUs * calls);
      const rounds: Round[] = [];
      for (let round = plan.next([]); round.samples > 0; round = plan.next(timesOf(round)))
        rounds.push(round);
      t.true(rounds.length >= 2 && rounds.length < 100);
      t.true(rounds.slice(0, -1).every(({ samples }) => samples === 1));
      const last = rounds.at(-1) as Round;
      t.true(last.samples >= 15 && last.samples <= 2000);
      const { min, median, p99 } = plan.times;
      for (const us of [min, median, p99]) t.true(Math.abs(us / callUs - 1) < 1e-9);
    }),
  );
});

test("whoever follows makes the leader's calls", (t) => {
  const agreed: number[] = [];
  let called = 0;
  let led = 0;
  sampleTogether(
    () => led++,
    (calls) => {
      agreed.push(calls);
      return calls;
    },
    new SamplingPlan(1),
  );
  const left = [...agreed];
  sampleTogether(
    () => called++,
    () => left.shift() as number,
    null,
  );
  t.is(called, led);
  t.true(led > 15);
  t.deepEqual(left, []);
});
