import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import type { Outcome } from "./faulty-run.ts";

const run = promisify(execFile);
/** On a busy machine a healthy rank may stand still for longer than a second. */
const LIMIT_SECONDS = 3;
const script = fileURLToPath(new URL("./faulty-run.js", import.meta.url));

/** Trains with a fault in a process of its own; rejects if that does not end by itself. */
async function trainWith(fault: string, ranks: number, collectiveTimeout = 60, stages = 1): Promise<Outcome> {
  const env = { ...process.env, LOCKSTEP_FAULT: fault };
  const args = [script, ...[ranks, collectiveTimeout, stages].map(String)];
  const { stdout } = await run(process.execPath, args, { env, timeout: 40_000, killSignal: "SIGKILL" });
  return JSON.parse(stdout);
}

const errorOf = (outcome: Outcome) =>
  "error" in outcome ? { kind: outcome.kind, ...outcome.error } : outcome;

for (const [ranks, rank, step] of [
  [1, 0, 1],
  [2, 1, 3],
  [3, 0, 9],
  [7, 6, 21],
])
  test.serial(
    `when rank ${rank} of ${ranks} throws at step ${step}, the error has rank, step and stack, and the process ends`,
    async (t) => {
      const outcome = await trainWith(`throw:${rank}:${step}`, ranks);
      t.deepEqual(errorOf(outcome), {
        kind: "RankError",
        code: "rank-failed",
        message: `rank ${rank} failed at step ${step}: fault injected into rank ${rank} at step ${step}`,
        fix: "the stack says where; if it is Lockstep's, please report it",
        ...{ rank, step, operation: "training" },
      });
      t.regex("stack" in outcome ? outcome.stack : "", /at inject .*fault\.js.*\n.*\n.*RankLoop\.train/);
    },
  );

test.serial("when a rank's thread ends by itself, the error says so and the process ends", async (t) => {
  t.deepEqual(errorOf(await trainWith("exit:1:3:9", 3)), {
    kind: "RankError",
    code: "rank-exited",
    message: "rank 1 ended with exit code 9",
    fix: "look at what it printed last: above, or in the logs of the run's folder",
    ...{ rank: 1, step: 3, operation: "training" },
  });
});

for (const [ranks, rank] of [
  [2, 0],
  [3, 2],
])
  test.serial(
    `when rank ${rank} of ${ranks} hangs, those who waited for it name it after the time limit`,
    async (t) => {
      const { message, ...error } = errorOf(
        await trainWith(`hang:${rank}:3`, ranks, LIMIT_SECONDS),
      ) as Record<string, unknown>;
      t.deepEqual(error, {
        kind: "RankError",
        code: "rank-late",
        fix: "look at what that rank was doing, or raise --collective-timeout",
        ...{ rank, step: 3, operation: "training: barrier" },
      });
      t.regex(String(message), RegExp(`^rank \\d waited ${LIMIT_SECONDS} s for rank ${rank}$`));
    },
  );

test.serial("when the only rank hangs, the process notices that nothing moves", async (t) => {
  t.deepEqual(errorOf(await trainWith("hang:0:3", 1, 0.5)), {
    kind: "RankError",
    code: "rank-hung",
    message: "rank 0 has not moved for 0.5 s",
    fix: "if its steps take that long, raise --collective-timeout",
    ...{ rank: 0, step: 3, operation: "training" },
  });
});

test.serial("a rank that is slow, but not too slow, changes nothing", async (t) => {
  const [slow, healthy] = [await trainWith("slow:1:3:700", 2, 5), await trainWith("", 2)];
  t.deepEqual(slow, healthy);
  t.like(healthy, { status: "ok", steps: 21, epochs: 3 });
});

test.serial("a rank whose kernels are all slow leaves the same weights", async (t) => {
  const [slow, healthy] = [await trainWith("drag:1:1:200", 2), await trainWith("", 2)];
  t.deepEqual(slow, healthy);
  t.like(healthy, { status: "ok", steps: 21, epochs: 3 });
});

for (const rank of [0, 1, 2, 3])
  test.serial(`a rank ${rank} of two stages that throws is told, and the process ends`, async (t) => {
    t.like(errorOf(await trainWith(`throw:${rank}:9`, 4, 60, 2)), {
      kind: "RankError",
      code: "rank-failed",
      ...{ rank, step: 9, operation: "training" },
    });
  });

for (const [ranks, stages, rank] of [
  [2, 2, 0],
  [2, 2, 1],
  [4, 2, 1],
  [4, 4, 3],
])
  test.serial(
    `when rank ${rank} of ${ranks} in ${stages} stages hangs, whoever waits longest names it and no other`,
    async (t) => {
      const error = errorOf(await trainWith(`hang:${rank}:3`, ranks, LIMIT_SECONDS, stages)) as unknown as {
        message: string;
      };
      t.like(error, { kind: "RankError", code: "rank-late", ...{ rank, step: 3 } });
      t.regex(error.message, RegExp(`^rank \\d waited ${LIMIT_SECONDS} s for rank ${rank}$`));
    },
  );

test.serial("ranks of stages that are late at random leave the weights of one rank", async (t) => {
  const healthy = await trainWith("", 1);
  t.like(healthy, { status: "ok", steps: 21, epochs: 3 });
  for (const [ranks, stages] of [
    [2, 2],
    [4, 2],
    [4, 4],
  ])
    t.deepEqual(await trainWith("delay:*:1:2", ranks, 60, stages), healthy);
});

for (const [ranks, step] of [
  [1, 3],
  [2, 9],
])
  test.serial(
    `a loss that is no number ends the training of ${ranks} rank(s) at step ${step}: nonfinite, no hash`,
    async (t) => {
      const epochs = Math.floor((step - 1) / 7);
      t.deepEqual(await trainWith(`nan:${ranks - 1}:${step}`, ranks), {
        ...{ status: "nonfinite", steps: step, hash: null, epochs },
      });
    },
  );

test.serial("a fault that is none is refused by name", async (t) => {
  t.like(errorOf(await trainWith("bogus:1:1", 1)), {
    kind: "InputError",
    code: "bad-fault",
    message: "LOCKSTEP_FAULT=bogus:1:1: bogus is no kind of fault",
  });
  t.like(errorOf(await trainWith("throw:one:1", 1)), {
    code: "bad-fault",
    message: "LOCKSTEP_FAULT=throw:one:1 is not kind:rank:step",
  });
});
