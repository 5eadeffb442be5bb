/** Layouts that cannot be, as flags: each is refused by the command itself, before anything is started, with what would do. */
import test from "ava";
import { lockstep } from "../../src/cli/lockstep.ts";
import { Terminal } from "./terminal.ts";

const LAYOUT = "expected a layout such as dp=2,tp=1,pp=1, found ";

for (const [argv, said] of [
  [
    ["train", "--layout", "tp=0"],
    `lockstep: --layout: ${LAYOUT}"tp=0"\n  fix: give a value such as --layout dp=2,tp=1,pp=2\n`,
  ],
  [["train", "--layout", "foo=2"], `lockstep: --layout: ${LAYOUT}"foo=2"\n`],
  [["train", "--layout", "pp=2,pp=2"], `lockstep: --layout: ${LAYOUT}"pp=2,pp=2"\n`],
  [
    ["train", "--layout", "dp=3", "--ranks", "4"],
    "lockstep: --layout dp=3,tp=1,pp=1 has 3 ranks, --ranks says 4\n  fix: for 4 use dp=4,tp=1,pp=1\n",
  ],
  [
    ["train", "--layout", "dp=3,pp=2", "--hosts", "a:2,b:2"],
    "lockstep: the layout dp=3,tp=1,pp=2 has 6 ranks, the hosts have 4\n  fix: for 4 use dp=2,tp=1,pp=2, or dp=4,tp=1,pp=1\n",
  ],
  [
    ["train", "--layout", "tp=40", "--batch", "20"],
    "lockstep: 40 ranks cannot share a batch of 20: some would never have a sample\n  fix: give a --layout of at most 20 ranks, or a larger --batch\n",
  ],
  [
    ["train", "--layout", "pp=2", "--micro-batches", "0"],
    "lockstep: --micro-batches: expected an integer of at least 1, found 0\n  fix: give a value such as --micro-batches 8\n",
  ],
  [
    ["train", "--schedule", "gpipe", "--layout", "dp=2"],
    "lockstep: --schedule is for a pipeline, and the layout is dp=2,tp=1,pp=1\n  fix: leave it out, or add stages: --layout pp=2\n",
  ],
  [
    ["train", "--layout", "pp=2", "--schedule", "foo"],
    'lockstep: --schedule: expected gpipe, 1f1b, interleaved or zero-bubble, found "foo"\n',
  ],
  [["train", "--layout", "auto"], "fix: name one, such as --layout dp=2,tp=1,pp=2, or use --ranks N\n"],
  [
    ["train", "--layout", "dp=1000000"],
    "lockstep: --layout: expected at most 256 ranks, found dp=1000000,tp=1,pp=1\n  fix: use smaller factors\n",
  ],
  [
    ["train", "--layout", "pp=2", "--micro-batches", "100", "--hosts", "a.invalid,b.invalid"],
    "lockstep: a batch of 64 cannot be cut into 100 micro-batches: some would never have a sample\n  fix: give --micro-batches at most 64, or a larger --batch\n",
  ],
  [
    ["bench", "step", "--layout", "tp=2,pp=2"],
    "lockstep: bench step measures a step without stages, and --layout is dp=1,tp=2,pp=2\n  fix: use --layout dp=4, or see where stages' time goes by `lockstep train --trace` and `lockstep trace`\n",
  ],
  [
    ["train", "--layout", "pp=2", "--allreduce", "ordered"],
    "lockstep: --allreduce ordered is for replicas alone; stages (dp=1,tp=1,pp=2) hand over what gradients are made of\n  fix: use --allreduce auto, or --layout dp=N\n",
  ],
  [
    ["train", "--layout", "tp=2", "--ranks-per-process", "1", "--allreduce", "sharded"],
    "lockstep: --allreduce sharded is for replicas alone; slices in several processes (dp=1,tp=2,pp=1) hand over",
  ],
  [
    ["train", "--layout", "pp=2", "--hosts", "a,b", "--numerics", "fast", "--allreduce", "ring"],
    "lockstep: --allreduce ring is for replicas alone; stages (dp=1,tp=1,pp=2) hand over",
  ],
] as const)
  test(`\`lockstep ${argv.join(" ")}\` is refused, and said so with the fix`, async (t) => {
    const [stdout, stderr] = [new Terminal(), new Terminal()];
    t.is(await lockstep(argv, stdout, stderr, { NO_COLOR: "1" }), 2);
    t.is(stdout.written, "");
    t.true(stderr.written.includes(said), stderr.written);
  });
