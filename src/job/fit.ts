/** Whether settings, processes, data and checkpoint fit each other: asked before anything is started. */
import { formatLayout, type Settings } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { checkLayout } from "../base/resolve.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Tensor } from "../graph/tensor.ts";
import { leastRows, teamsOf, unsliceable } from "../program/teams.ts";
import type { Origin, ProcessWorld } from "./options.ts";
import { keyOf, pipelineOf } from "./settings.ts";

type Processes = Pick<ProcessWorld, "self" | "ranks">;

/**
 * Throws an InputError where a batch is larger than the data set, or has fewer samples than there are ranks
 * that divide it; or where processes are wrong.
 */
export function checkFit(settings: Settings, { name, train }: Dataset, world?: Processes): void {
  if (world) checkWorld(settings, world);
  const { batch } = settings;
  if (batch > train.count)
    throw new InputError(
      "batch-too-large",
      `a batch of ${batch} is larger than the ${train.count} training samples of ${name}`,
      `give --batch at most ${train.count}`,
    );
  checkRows(settings, world?.ranks ?? [settings.ranks]);
}

/**
 * Stages take all of a micro-batch, and slices of several processes columns of it: only replicas, and slices
 * of one process, divide rows. What a short last batch leaves without rows had some before; who never has any
 * is a mistake.
 */
function checkRows(settings: Settings, processes: readonly number[]): void {
  const { batch, ranks, layout } = settings;
  const pipeline = pipelineOf(settings, processes);
  if (pipeline === undefined) {
    if (ranks <= batch) return;
    throw new InputError(
      "too-many-ranks",
      `${ranks} ranks cannot share a batch of ${batch}: some would never have a sample`,
      `give ${layout.tp > 1 ? `a --layout of at most ${batch} ranks` : `--ranks at most ${batch}`}, or a larger --batch`,
    );
  }
  const { microBatches, gangs, slices } = pipeline;
  if (microBatches > batch)
    throw new InputError(
      "too-many-micro-batches",
      `a batch of ${batch} cannot be cut into ${microBatches} micro-batches: some would never have a sample`,
      `give --micro-batches at most ${batch}, or a larger --batch`,
    );
  const grid = { replicas: layout.dp, slices, gangs };
  const least = leastRows(teamsOf({ self: 0, ranks: processes }, grid), grid);
  /** Of a batch cut into so many, the largest: others may be a row shorter. */
  const rowsIn = (count: number) => Math.ceil(batch / count);
  if (rowsIn(microBatches) >= least) return;
  let most = microBatches - 1;
  while (most > 0 && rowsIn(most) < least) most--;
  const fewer = most > 0 ? `--micro-batches at most ${most}` : "a --layout with fewer replicas or slices";
  throw new InputError(
    "too-many-ranks",
    `the ranks of a stage of ${formatLayout(layout)} cannot share a ${microBatches > 1 ? "micro-batch" : "batch"} of ` +
      `${rowsIn(microBatches)}: some would never have a sample`,
    `give ${fewer}, or a larger --batch`,
  );
}

/**
 * Throws an InputError where the processes of a world have no ranks, or not as many as the layout, or this
 * one is not among them.
 */
function checkWorld({ layout }: Pick<Settings, "layout">, { self, ranks }: Processes): void {
  if (ranks.length === 0 || !ranks.every((count) => Number.isInteger(count) && count >= 1))
    throw new InputError(
      "bad-world",
      `world.ranks: expected how many ranks each process has, found [${ranks.join(", ")}]`,
      "give an integer of at least 1 for every process",
    );
  if (ranks[self] === undefined)
    throw new InputError(
      "bad-world",
      `world.self: expected one of ${ranks.length} processes, found ${self}`,
      `give an integer from 0 to ${ranks.length - 1}`,
    );
  const all = ranks.reduce((sum, count) => sum + count, 0);
  checkLayout(layout, all, "the layout", "the processes of world.ranks have");
}

/** Throws an InputError that names a layer with fewer units than the layout has slices. */
export function checkSlices(parameters: readonly Tensor[], { tp }: Settings["layout"]): void {
  const narrow = unsliceable(parameters, tp);
  if (narrow === undefined) return;
  const { name, shape } = narrow;
  throw new InputError(
    "too-many-slices",
    `tp=${tp} cannot slice ${name} [${shape.join(", ")}]: it has ${shape[1]} units`,
    `use tp=${shape[1]} at most, and dp for the other ranks`,
  );
}

/** What a job shares with the run that it goes on with: the order of samples and sums, and the updates. */
const FIXED = ["batch", "seed", "shuffle", "optimizer", "lr", "weightDecay", "clipNorm"] as const;

/**
 * Throws an InputError where going on from `checkpoint` could not give the bits of an uninterrupted run. `origin` is what the
 * job's model and data set are made from, as far as it is known.
 */
export function checkResume(
  { path, state }: Checkpoint,
  settings: Settings,
  { name, train }: Dataset,
  { hidden, activation }: Origin = {},
): void {
  const is: Readonly<Record<string, unknown>> = { ...settings, hidden, activation };
  const { batch, seed, shuffle, optimizer } = state;
  const was: Readonly<Record<string, unknown>> = { ...state.settings, batch, seed, shuffle, optimizer };
  for (const key of [...FIXED, "hidden", "activation"] as const)
    if (was[key] !== undefined && is[key] !== undefined && shown(was[key]) !== shown(is[key]))
      throw new InputError(
        "resume-mismatch",
        `${path} was trained with ${key} ${shown(was[key])}, this job has ${shown(is[key])}`,
        `leave out --${keyOf(key)}, or start a new run`,
      );
  if (state.samples !== train.count)
    throw new InputError(
      "resume-mismatch",
      `${path} was trained on ${state.samples} samples, ${name} has ${train.count}`,
      OWN_DATA,
    );
}

const OWN_DATA = "give the data set that the run began with";

function shown(value: unknown): string {
  if (value === null) return "off";
  return Array.isArray(value) && value.length === 0 ? "none" : String(value);
}

/** Throws an InputError where the checkpoint was trained on other samples; `sha256` is this job's data's. */
export function checkSameData({ path, state }: Checkpoint, { name }: Dataset, sha256: string): void {
  if (state.dataSha256 === null || state.dataSha256 === sha256) return;
  throw new InputError(
    "resume-mismatch",
    `${path} was trained on other samples than those of ${name}: labels or images differ`,
    OWN_DATA,
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

/** A warning if the checkpoint was trained by other kernels than these. */
export function otherKernels(resume: Checkpoint | undefined, digest: string): string[] {
  if (!resume || resume.state.kernelDigest === digest) return [];
  return [
    `${resume.path} was trained with kernels ${resume.state.kernelDigest.slice(0, 12)}, these are ${digest.slice(0, 12)}: the bits may differ from an uninterrupted run's`,
  ];
}
