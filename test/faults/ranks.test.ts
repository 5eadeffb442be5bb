/** A rank that throws, ends, loops, skips or lies, in a run of two hosts: it is told by rank, host, step and operation. */
import { join } from "node:path";
import test from "ava";
import { type Cast, FORMS, Story } from "./story.ts";

/** Ranks 0 and 1 are here, rank 2 is there. */
const TWO_HOSTS: Cast = {
  hosts: ["localhost", "127.0.0.1"],
  remote: [],
  flags: ["--hosts", "localhost:2,127.0.0.1:1", "--collective-timeout", "2"],
};
const ONE_PROCESS: Cast = { hosts: [], remote: [], flags: ["--ranks", "2", "--collective-timeout", "2"] };
const FOR_EVER = ["--epochs", "1000000"];
const STEP = 45;
const GONE_MS = 5000;

interface Told {
  readonly code: string;
  readonly rank?: number;
  readonly host?: string;
  readonly step?: number;
  readonly operation?: string;
}

/** Its own process tells, before those lose patience who wait for what it makes. */
const HUNG = { code: "rank-hung", rank: 2, host: "127.0.0.1", step: STEP, operation: "training" };
const HAS_NOT_MOVED = /rank 2 has not moved for 2 s \(host 127\.0\.0\.1, step 45, operation training\)/;
const OF_TWO_HOSTS: [fault: string, told: Told, words: RegExp][] = [
  [
    `throw:2:${STEP}`,
    { code: "rank-failed", rank: 2, host: "127.0.0.1", step: STEP, operation: "training" },
    /rank 2 failed at step 45: fault injected.*\(host 127\.0\.0\.1, operation training\)\n(.*\n)* +at .*rank/,
  ],
  [
    `exit:1:${STEP}:0`,
    { code: "rank-exited", rank: 1, host: "localhost", step: STEP, operation: "training" },
    /rank 1 ended with exit code 0 \(host localhost, step 45, operation training\)/,
  ],
  [`spin:2:${STEP}`, HUNG, HAS_NOT_MOVED],
  [`hang:2:${STEP}`, HUNG, HAS_NOT_MOVED],
  [
    `spin:1:${STEP}`,
    { code: "rank-late", rank: 1, host: "localhost", step: STEP, operation: "training: barrier" },
    /rank 0 waited 2 s for rank 1 \(host localhost, step 45, operation training: barrier\)/,
  ],
  [
    // Where both wait for each other, the one who loses patience first tells of it, and what it waited for.
    `skip:2:${STEP}`,
    { code: "transfer-late", step: STEP },
    /process \d \(ranks? .*\) has not sent .* in 2 s; rank \d waits.*host|rank 2 could not send .* in 2 s \(host 127/,
  ],
  [
    `shape:2:${STEP}`,
    { code: "unexpected-message", step: STEP, operation: "training: receive" },
    /process (\d) sent \d+ bytes of .*, where process (?!\1)\d expected \d+ \(host .*, rank [02], step 45/,
  ],
];

for (const [fault, told, words, form] of OF_TWO_HOSTS.flatMap((row) =>
  FORMS.map((form) => [...row, form] as const),
))
  test.serial(
    `on two hosts ${fault} is told by rank, host, step and operation, and nobody is left (${form})`,
    async (t) => {
      const story = new Story(t, TWO_HOSTS, [...FOR_EVER, "--allreduce", form], { LOCKSTEP_FAULT: fault });
      const { exitCode, stderr, objects } = await story.ended;
      await story.leavesNothing(GONE_MS, fault);
      t.is(exitCode, 1, stderr);
      t.like(objects.at(-1), { status: "failed", error: told }, stderr);
      t.regex(stderr, words);
    },
  );

for (const [fault, told] of [
  [`spin:1:${STEP}`, { code: "rank-late", rank: 1, step: STEP, operation: "training: barrier" }],
  [`exit:1:${STEP}:0`, { code: "rank-exited", rank: 1, step: STEP, operation: "training" }],
  // It is a barrier ahead from then on, and is missed at the end of the epoch, which is never told or saved.
  [`skip:1:${STEP}`, { code: "rank-late", rank: 1, step: 60, operation: "training: barrier" }],
] as const)
  test.serial(
    `in one process ${fault} is told by rank, step and operation, and nobody is left`,
    async (t) => {
      const story = new Story(t, ONE_PROCESS, FOR_EVER, { LOCKSTEP_FAULT: fault });
      const { exitCode, stderr, objects } = await story.ended;
      await story.leavesNothing(GONE_MS, fault);
      t.is(exitCode, 1, stderr);
      t.like(objects.at(-1), { status: "failed", error: told }, stderr);
    },
  );

test.serial(
  "a process that ends with exit code 0 before its work is done is named, and nobody is left",
  async (t) => {
    const model = join(process.cwd(), "test", "faults", "leaving-model.mjs");
    const story = new Story(t, TWO_HOSTS, [...FOR_EVER, "--model", model]);
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, "exit 0");
    t.is(exitCode, 1, stderr);
    t.like(objects.at(-1)?.error, { code: "process-exited", rank: 2, host: "127.0.0.1" }, stderr);
    t.regex(stderr, /process 1 \(rank 2 on 127\.0\.0\.1\) ended with exit code 0 before its work was done/);
  },
);

test.serial(
  "a loss that is no number ends the run of two hosts with exit code 1, and says the step",
  async (t) => {
    const story = new Story(t, TWO_HOSTS, FOR_EVER, { LOCKSTEP_FAULT: `nan:2:${STEP}` });
    const { exitCode, stderr, objects } = await story.ended;
    await story.leavesNothing(GONE_MS, "nan");
    t.is(exitCode, 1, stderr);
    t.like(objects.at(-1), { status: "nonfinite", steps: STEP, weightsSha256: null }, stderr);
  },
);
