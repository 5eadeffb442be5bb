/** Trains in a run's folder, and leaves the folder finished whatever happens. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import type { Settings } from "../base/config.ts";
import { EnvironmentError } from "../base/errors.ts";
import type { Observer, TrainOptions, TrainResult } from "../job/options.ts";
import type { RunFolder } from "../run/folder.ts";
import { train } from "../train.ts";
import type { Context } from "./context.ts";
import { describeError } from "./failure.ts";
import { Following } from "./following.ts";
import { onInterrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { closingLines, interruptedLine } from "./summary.ts";

const EXIT_CODES = { ok: 0, nonfinite: 1, interrupted: 130 } as const;
const NONFINITE = {
  code: "nonfinite-loss",
  message: "the loss is not finite any more",
  fix: "use a smaller --lr, or --clip-norm 1",
};

type Job = TrainOptions & { readonly settings: Settings; readonly checkpointFolder: string };
type Result = Omit<TrainResult, "weights">;

/** Trains here, or sees to it that others do. */
export type Trainer = (job: Job & { readonly observer: Observer }) => Promise<Result>;

/** Returns the exit code; throws why the job failed. */
export async function runJob(
  folder: RunFolder,
  job: Job,
  stepsPerEpoch: number,
  context: Context,
  trainer: Trainer = train,
): Promise<number> {
  const { output, argv } = context;
  const abort = new AbortController();
  const following = new Following(folder, output, stepsPerEpoch, argv, () => abort.abort());
  output.log = (line) => folder.log.line(line);
  // Signals are held since before the folder was made, and heard by what listens when the event loop turns.
  const training = trainer({ ...job, signal: abort.signal, observer: following });
  const forget = onInterrupt(
    () => {
      output.say(
        "stopping: finishing the step and writing the checkpoint (once more, after a moment, to stop at once)",
      );
      abort.abort();
    },
    () => stopAtOnce(folder, following, output),
  );
  try {
    const result = await orUncaught(training);
    following.end();
    if (following.failure !== null) throw following.failure;
    return conclude(result, folder, { ...job, processes: following.processes }, stepsPerEpoch, output);
  } catch (thrown) {
    following.end();
    const failure = existsSync(folder.checkpoints) ? thrown : folderRemoved(folder.path, thrown);
    finishFailed(folder, following.steps, failure);
    throw failure;
  } finally {
    output.log = null;
    forget();
  }
}

function conclude(
  result: Result,
  folder: RunFolder,
  { settings, processes }: Job & { readonly processes: number },
  stepsPerEpoch: number,
  output: Output,
): number {
  const error = result.status === "nonfinite" ? { error: { ...NONFINITE, step: result.steps } } : {};
  const summary = { ...summarise(result, folder.path, settings, processes), ...error };
  folder.stepped();
  folder.finish(result.status, result.steps, { ...error, summary });
  const runDir = shortest(folder.path);
  for (const line of closingLines(result, stepsPerEpoch, runDir)) output.result(line);
  if (result.status === "interrupted") output.say(interruptedLine(result.steps, runDir));
  if (result.status === "nonfinite") {
    output.complain(
      `${output.styled(["red", "bold"], "lockstep:")} ${NONFINITE.message} (step ${result.steps})`,
    );
    output.complain(`  ${output.styled("bold", "fix:")} ${NONFINITE.fix}`);
  }
  output.object(summary);
  return EXIT_CODES[result.status];
}

/** The last line of `train --json` (DESIGN: the command line's contract). */
function summarise(
  result: Result,
  runDir: string,
  settings: Settings,
  processes: number,
): Record<string, unknown> {
  const { status, steps, samplesPerSecond, stepMs, epochs, weightsSha256, engine, fma } = result;
  const { model, dataset, layout, ranks, numerics } = settings;
  const job = { runDir, model, dataset, layout, ranks, processes, numerics, fma, engine };
  return { status, ...job, steps, samplesPerSecond, stepMs, epochs, weightsSha256 };
}

function stopAtOnce(folder: RunFolder, following: Following, output: Output): never {
  following.end();
  try {
    folder.finish("interrupted", following.steps, {});
  } finally {
    output.object({ status: "interrupted", runDir: folder.path });
    process.exit(130);
  }
}

/** Whatever could not be written, this is why; a rank's own failure is another matter. */
function folderRemoved(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof EnvironmentError)) return thrown;
  return new EnvironmentError(
    "run-dir-removed",
    `the run folder ${shortest(path)}, or a part of it, was removed while training`,
    "train again, and leave the folder where it is until the run has ended",
    thrown,
  );
}

/** A full disk may refuse the status too; the first failure is the one to tell. */
function finishFailed(folder: RunFolder, steps: number, thrown: unknown): void {
  try {
    folder.finish("failed", steps, { error: describeError(thrown) });
  } catch {
    // Told already.
  }
}

/** An exception that nobody awaited fails the run like any other. */
async function orUncaught<T>(training: Promise<T>): Promise<T> {
  let fail: (thrown: unknown) => void = () => {};
  const uncaught = new Promise<never>((_, reject) => {
    fail = reject;
  });
  process.on("uncaughtException", fail).on("unhandledRejection", fail);
  try {
    return await Promise.race([training, uncaught]);
  } finally {
    process.off("uncaughtException", fail).off("unhandledRejection", fail);
  }
}

/** As it can be typed: relative where that is shorter. */
function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
