/** What `--resume` starts from, and which settings a resumed run may change. */
import { EXACT_ALLREDUCE, type Settings } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import type { CheckedLayer } from "../base/layer.ts";
import { type Resolved, resolveSettings } from "../base/resolve.ts";
import { type Checkpoint, readCheckpoint } from "../checkpoint/checkpoint.ts";
import { batchCount } from "../data/shares.ts";
import { type EarlierRun, openRun } from "../run/open.ts";
import { grouped } from "./progress.ts";

/** With these the weights stay the same (the FMA class has a check of its own), or the run only gets longer. */
const MAY_CHANGE: readonly (keyof Settings)[] = [
  "ranks",
  "layout",
  "microBatches",
  "schedule",
  "epochs",
  "maxSteps",
  "collectiveTimeout",
  "fma",
];

export interface Resumption {
  /** The run as the user named it. */
  readonly name: string;
  readonly run: EarlierRun & { readonly path: string; readonly config: CheckedLayer };
  readonly checkpoint: Checkpoint;
}

/** Throws an InputError on a run that cannot be continued: none, another process's, or without a configuration. */
export async function openForResume(path: string): Promise<Resumption> {
  const run = await openRun(path);
  if (run.path === null || run.config === null) {
    throw new InputError(
      "not-a-run",
      `${path} is a checkpoint outside of a run folder: its config.yaml is missing`,
      "name the run folder",
    );
  }
  if (run.alive) {
    const { pid } = run.status!.process;
    throw new InputError(
      "run-in-use",
      `${path} is being trained by process ${pid}`,
      `wait for it, or stop it: kill ${pid}`,
    );
  }
  const checkpoint = handingOver(readCheckpoint(run.checkpoint));
  return { name: path, run: { ...run, path: run.path, config: run.config }, checkpoint };
}

/** The checkpoint, but it gives its tensors away: a run that has them in its own memory needs no second copy. */
function handingOver({ path, state, tensors }: Checkpoint): Checkpoint {
  let held: Checkpoint["tensors"] = tensors;
  return {
    path,
    state,
    get tensors() {
      const handed = held;
      held = new Map();
      return handed;
    },
  };
}

/**
 * The run's settings with what `layers` change. Throws an InputError that names each change that is not allowed, also one in
 * the run's own config.yaml: the checkpoint knows what it was trained with.
 */
export function resumedSettings(
  { run, checkpoint }: Resumption,
  layers: readonly CheckedLayer[],
  cores: number,
): Resolved {
  const before = { ...resolveSettings([run.config], cores).settings, ...checkpoint.state.settings };
  const after = resolveSettings([run.config, ...layers], cores);
  const keys = Object.keys(after.settings) as (keyof Settings)[];
  const changed = keys.filter(
    (key) => String(before[key]) !== String(after.settings[key]) && !mayChange(key, before, after.settings),
  );
  if (changed.length === 0) return after;
  const edited = (key: keyof Settings) => ["run", "default"].includes(after.origins[key]);
  const list = changed.map((key) => {
    const where = edited(key) ? "in its config.yaml" : "here";
    return `${words(key)} is ${shown(before[key])} there and ${shown(after.settings[key])} ${where}`;
  });
  throw new InputError(
    "resume-changes",
    `a resumed run keeps its settings: ${list.join("; ")}`,
    changed.every(edited)
      ? "undo the change in config.yaml, or train a new run"
      : "leave them out, or train a new run; where it runs (--ranks, --hosts, …), --security, --epochs and --max-steps may change",
  );
}

/** Ways to the same exact sums may take turns: links differ, and so does which is fastest. */
function mayChange(key: keyof Settings, before: Settings, after: Settings): boolean {
  const isExact = ({ numerics, allreduce }: Settings) =>
    numerics === "exact" && EXACT_ALLREDUCE.some((way) => way === allreduce);
  return MAY_CHANGE.includes(key) || (key === "allreduce" && isExact(before) && isExact(after));
}

/** Throws an InputError if the run has no step left to take. */
export function checkStepsLeft(
  name: string,
  step: number,
  samples: number,
  { batch, epochs, maxSteps }: Settings,
): void {
  const perEpoch = batchCount(samples, batch);
  const steps = Math.min(epochs * perEpoch, maxSteps ?? Infinity);
  if (step < steps) return;
  const limits: readonly (readonly [flag: string, given: number | null, done: number, steps: number])[] = [
    ["--max-steps", maxSteps, step, maxSteps ?? Infinity],
    ["--epochs", epochs, Math.floor(step / perEpoch), epochs * perEpoch],
  ];
  const [flag, given] = limits.find((limit) => limit[3] === steps)!;
  const message =
    step === steps
      ? `${name} has finished its ${steps} steps`
      : `${name} has done ${grouped(step)} steps already, and ${flag} is ${given}`;
  const above = limits.filter((limit) => limit[3] <= step).map(([word, , done]) => `${word} above ${done}`);
  throw new InputError("nothing-to-resume", message, `raise ${above.join(", and ")}`);
}

/** "maxSteps" → "max-steps" */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function shown(value: unknown): string {
  if (value === null) return "off";
  return Array.isArray(value) && value.length === 0 ? "none" : String(value);
}
