/** Whether settings, data and checkpoint fit each other: asked before anything is started. */
import type { Settings } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Dataset } from "../data/dataset.ts";

/** Throws an InputError where a batch is larger than the data set, or smaller than the number of ranks. */
export function checkFit({ batch, ranks }: Settings, { name, train }: Dataset): void {
  if (batch > train.count)
    throw new InputError(
      "batch-too-large",
      `a batch of ${batch} is larger than the ${train.count} training samples of ${name}`,
      `give --batch at most ${train.count}`,
    );
  if (ranks > batch)
    throw new InputError(
      "too-many-ranks",
      `${ranks} ranks cannot share a batch of ${batch}: some would never have a sample`,
      `give --ranks at most ${batch}, or a larger --batch`,
    );
}

/** Throws an InputError where going on from `checkpoint` could not give the bits of an uninterrupted run. */
export function checkResume({ path, state }: Checkpoint, settings: Settings, { name, train }: Dataset): void {
  const fixed = ["batch", "seed", "shuffle", "optimizer"] as const;
  for (const key of fixed)
    if (state[key] !== settings[key])
      throw new InputError(
        "resume-mismatch",
        `${path} was trained with ${key} ${state[key]}, this job has ${settings[key]}`,
        `leave out --${key}, or start a new run`,
      );
  if (state.samples !== train.count)
    throw new InputError(
      "resume-mismatch",
      `${path} was trained on ${state.samples} samples, ${name} has ${train.count}`,
      "give the data set that the run began with",
    );
}

/** Throws an InputError where the checkpoint's multiply-adds round otherwise than this process's (NUMERICS §2.14). */
export function checkFmaClass({ path, state }: Checkpoint, fma: boolean): void {
  if (state.fma === fma) return;
  const [was, is] = [state.fma, fma].map((fused) => (fused ? "fused" : "plain"));
  throw new InputError(
    "fma-mismatch",
    `${path} was trained with ${was} multiply-adds, this process has ${is} ones: the bits would differ`,
    state.fma
      ? "go on where multiply-adds are fused: another machine or Node, without --fma off"
      : "give --fma off",
  );
}
