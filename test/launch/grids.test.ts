/** Layouts of replicas, slices and stages over several processes: weights, losses and accuracies of one rank. */
import test, { type ExecutionContext } from "ava";
import { workplace } from "../cli/child.ts";
import { Launched, processesOf } from "./stories.ts";

/** Four steps of 50 samples and one of 20, three times; seven micro-batches of 7 and 8, or of 2 and 3. */
const SAMPLES = 220;
const TRAIN = [
  ...["train", "--dataset", "./data", "--hidden", "37,29,23", "--batch", "50", "--epochs", "3", "--json"],
];
const STEPS = 15;

const JOBS = {
  // The norm of the gradients is greater in every step.
  adam: ["--activation", "gelu", "--optimizer", "adam", "--clip-norm", "0.05"],
  momentum: ["--activation", "relu", "--optimizer", "momentum", "--lr", "0.1"],
} as const;

/** What a run says, but for times. */
interface Told {
  readonly weightsSha256: unknown;
  readonly epochs: readonly unknown[];
}

async function told(t: ExecutionContext, folder: string, argv: readonly string[]): Promise<Told> {
  const { exitCode, stderr, objects } = await new Launched(t, folder, [...TRAIN, ...argv]).ended;
  t.is(exitCode, 0, stderr);
  t.like(objects.at(-1), { status: "ok", steps: STEPS });
  const epochs = objects.map(({ epoch, trainLoss, testLoss, testAccuracy }) => [
    ...[epoch, trainLoss, testLoss, testAccuracy],
  ]);
  return { weightsSha256: objects.at(-1)?.weightsSha256, epochs };
}

const inPieces = (microBatches: number, schedule: string) => [
  ...["--micro-batches", `${microBatches}`, "--schedule", schedule],
];

const GRIDS: [name: string, job: keyof typeof JOBS, flags: readonly string[]][] = [
  [
    "three stages in three processes",
    "adam",
    ["--layout", "pp=3", "--ranks-per-process", "1", ...inPieces(7, "1f1b")],
  ],
  ["three slices in three processes", "adam", ["--layout", "tp=3", "--ranks-per-process", "1"]],
  [
    "two stages of two replicas of two slices in processes of three ranks",
    "adam",
    ["--layout", "dp=2,tp=2,pp=2", "--ranks-per-process", "3", ...inPieces(7, "interleaved")],
  ],
  [
    "two stages of two replicas on hosts of one and three ranks",
    "momentum",
    ["--layout", "dp=2,pp=2", "--hosts", "localhost:1,127.0.0.1:3", ...inPieces(7, "gpipe")],
  ],
  [
    "two stages of two slices in four processes",
    "momentum",
    ["--layout", "tp=2,pp=2", "--ranks-per-process", "1", ...inPieces(7, "zero-bubble")],
  ],
];

for (const [name, job, flags] of GRIDS)
  test.serial(`${name} leave the weights of one rank, with ${JOBS[job].join(" ")}`, async (t) => {
    const folder = workplace(t, SAMPLES);
    const alone = await told(t, folder, [...JOBS[job], "--ranks", "1"]);
    t.deepEqual(await told(t, folder, [...JOBS[job], ...flags]), alone);
    t.deepEqual(await processesOf(folder), []);
  });

test.serial("the clipping of these stories changes the weights", async (t) => {
  const folder = workplace(t, SAMPLES);
  const [clipped, other] = [JOBS.adam, JOBS.adam.slice(0, -2)].map((job) =>
    told(t, folder, [...job, "--ranks", "1"]),
  );
  t.not((await clipped).weightsSha256, (await other).weightsSha256);
});
