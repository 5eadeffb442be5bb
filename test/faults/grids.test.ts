/** A rank that throws, ends, loops, skips or lies in a run of stages or slices over processes: it is told like any other. */
import test, { type ExecutionContext } from "ava";
import type { Ended } from "../cli/child.ts";
import { type Cast, THREE_STAGES as HERE_IN_STAGES, Story } from "./story.ts";

const GONE_MS = 5000;
const STEP = 45;
const TIMEOUT = ["--collective-timeout", "2"];

/** A stage in each of three processes: those at the ends know each other only by the one in the middle. */
const THREE_STAGES: Cast = {
  ...HERE_IN_STAGES,
  flags: [...HERE_IN_STAGES.flags, ...TIMEOUT],
};
/** Stages 1 to 3 are of one process. */
const FOUR_STAGES: Cast = {
  hosts: ["localhost", "127.0.0.1"],
  remote: [],
  flags: [
    ...["--hosts", "localhost:1,127.0.0.1:3", ...TIMEOUT, "--hidden", "48,40,32"],
    ...["--layout", "pp=4", "--micro-batches", "3", "--schedule", "gpipe"],
  ],
};
const TWO_SLICES: Cast = {
  hosts: ["localhost", "127.0.0.1"],
  remote: [],
  flags: ["--hosts", "localhost:1,127.0.0.1:1", ...TIMEOUT, "--layout", "tp=2"],
};
/** Either gang is of three processes, the one in the middle has ranks of both. */
const STRADDLING: Cast = {
  hosts: ["localhost", "127.0.0.1", "[::1]"],
  remote: [],
  flags: [
    ...["--hosts", "localhost:3,127.0.0.1:3,[::1]:2", ...TIMEOUT],
    ...["--layout", "dp=2,tp=2,pp=2", "--micro-batches", "3"],
  ],
};

interface Told {
  readonly code?: string;
  readonly rank?: number;
  readonly host?: string;
  readonly operation?: string;
}

const THREW = { code: "rank-failed", operation: "training" };
const EXITED = { code: "rank-exited", operation: "training" };
const HUNG = { code: "rank-hung", operation: "training" };
const STOOD_STILL = { code: "rank-late", operation: "training: pipeline" };
/** Of two that wait for each other the first who loses patience tells. */
const SKIPPED = { code: "transfer-late" };
/** Who sends, and who expects something else, cannot be told apart. */
const LIED = { code: "unexpected-message", operation: "training: receive" };

const STORIES: [name: string, cast: Cast, stories: [fault: string, told: Told][]][] = [
  [
    "three stages",
    THREE_STAGES,
    [
      ["throw:1", { ...THREW, rank: 1, host: "127.0.0.1" }],
      ["exit:2", { ...EXITED, rank: 2, host: "[::1]" }],
      ["hang:0", { ...HUNG, rank: 0, host: "localhost" }],
      ["spin:1", { ...HUNG, rank: 1, host: "127.0.0.1" }],
      ["hang:2", { ...HUNG, rank: 2, host: "[::1]" }],
      ["skip:1", SKIPPED],
      ["shape:2", LIED],
    ],
  ],
  [
    "four stages, three of which share a process",
    FOUR_STAGES,
    [
      ["throw:3", { ...THREW, rank: 3, host: "127.0.0.1" }],
      ["spin:0", { ...HUNG, rank: 0, host: "localhost" }],
      ["hang:2", { ...STOOD_STILL, rank: 2, host: "127.0.0.1" }],
      ["skip:0", SKIPPED],
    ],
  ],
  [
    "two slices",
    TWO_SLICES,
    [
      ["exit:1", { ...EXITED, rank: 1, host: "127.0.0.1" }],
      ["spin:0", { ...HUNG, rank: 0, host: "localhost" }],
      ["hang:1", { ...HUNG, rank: 1, host: "127.0.0.1" }],
      ["skip:1", SKIPPED],
      ["shape:1", LIED],
    ],
  ],
  [
    "gangs that straddle processes",
    STRADDLING,
    [
      ["throw:5", { ...THREW, rank: 5, host: "127.0.0.1" }],
      // Either who waits at a gate tells, or, if all wait for other processes, the process.
      ["hang:1", { rank: 1, host: "localhost" }],
      ["spin:3", { ...STOOD_STILL, rank: 3, host: "127.0.0.1" }],
      ["hang:7", { rank: 7, host: "[::1]" }],
    ],
  ],
];

async function run(
  t: ExecutionContext,
  cast: Cast,
  fault: string,
  steps = ["--epochs", "1000000"],
): Promise<Ended> {
  const story = new Story(t, cast, steps, { LOCKSTEP_FAULT: fault });
  const ended = await story.ended;
  await story.leavesNothing(GONE_MS, fault);
  return ended;
}

for (const [name, cast, stories] of STORIES)
  for (const [fault, told] of stories)
    test.serial(
      `of ${name} ${fault} is told by rank, host, step and operation, and nobody is left`,
      async (t) => {
        const { exitCode, stderr, objects } = await run(t, cast, `${fault}:${STEP}`);
        t.is(exitCode, 1, stderr);
        t.like(objects.at(-1), { status: "failed", error: { ...told, step: STEP } }, stderr);
        t.regex(stderr, /\(host \S+, (rank \d, )?(step 45, )?operation training/);
      },
    );

for (const [name, cast, rank] of [
  ["three stages", THREE_STAGES, 0],
  ["three stages", THREE_STAGES, 2],
  ["four stages, three of which share a process", FOUR_STAGES, 2],
  ["gangs that straddle processes", STRADDLING, 5],
] as const)
  test.serial(
    `of ${name} all end after the step in which a weight of rank ${rank} makes the loss no number`,
    async (t) => {
      const { exitCode, stderr, objects } = await run(t, cast, `nan:${rank}:${STEP}`);
      t.is(exitCode, 1, stderr);
      t.like(objects.at(-1), { status: "nonfinite", steps: STEP, weightsSha256: null }, stderr);
    },
  );

/** So many steps that the last epoch is short. */
const SHORT = ["--epochs", "100", "--max-steps", "80"];

for (const [name, cast] of STORIES) {
  test.serial(`${name} that are late, one or all at random, leave the weights of one rank`, async (t) => {
    const hidden = cast === FOUR_STAGES ? ["--hidden", "48,40,32"] : [];
    const alone: Cast = { hosts: [], remote: [], flags: ["--ranks", "1", ...hidden] };
    const expected = (await run(t, alone, "", SHORT)).objects.at(-1);
    t.like(expected, { status: "ok", steps: 80 });
    for (const fault of ["slow:1:45:1500", "delay:*:1:3"]) {
      const { exitCode, stderr, objects } = await run(t, cast, fault, SHORT);
      t.is(exitCode, 0, stderr);
      t.like(objects.at(-1), { status: "ok", steps: 80, weightsSha256: expected?.weightsSha256 }, fault);
    }
  });
}
