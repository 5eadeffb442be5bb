/** All that a training job must know to go on with the same bits, as a safetensors file with text metadata. */
import { z } from "zod";
import { InputError } from "../base/errors.ts";
import type { Sliced } from "../base/slices.ts";
import { readSafetensors } from "./read.ts";
import type { NamedTensor } from "./tensor.ts";
import { writingSafetensors } from "./write.ts";

/** What one epoch came to. `seconds` is training time without evaluation. */
export interface EpochRecord {
  readonly epoch: number;
  readonly seconds: number;
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

/** JSON knows no NaN and no infinity, and writes null. */
const measure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const EpochSchema = z.object({
  epoch: z.number(),
  seconds: z.number(),
  trainLoss: measure,
  testLoss: measure,
  testAccuracy: measure,
});

const count = z.number().int().min(0);

const StateSchema = z.object({
  /** Steps done, whole epochs done, steps done of the epoch in hand. */
  step: count,
  epoch: count,
  stepInEpoch: count,
  /** Of the epoch in hand: sum of losses and seconds of training. */
  epochLoss: measure,
  epochSeconds: z.number().min(0),
  epochs: z.array(EpochSchema),
  /** What fixes the order of samples and of sums. */
  seed: count,
  shuffle: z.boolean(),
  batch: count.min(1),
  samples: count.min(1),
  optimizer: z.string(),
  /** Adam's running products β1ᵗ, β2ᵗ. */
  products: z.tuple([z.number(), z.number()]),
  /** NUMERICS §1.8: linear layers sum over samples in one chain. */
  summation: z.literal("chain"),
  fma: z.boolean(),
  kernelDigest: z.string(),
  /** What the model computes, and what it was trained on (see the functions of these names); null: not known. */
  modelSha256: z.string().nullable(),
  dataSha256: z.string().nullable(),
  /** The job's settings; those that name its model and data set only where the command line gave them. */
  settings: z.record(z.string(), z.unknown()),
});

export type TrainingState = z.infer<typeof StateSchema>;

export interface Checkpoint {
  readonly path: string;
  /** Parameters and optimizer state by logical name, unsharded: any layout loads them. */
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly state: TrainingState;
}

/** JSON keeps every f64 exactly: its shortest decimal form reads back to the same bits. */
const STATE_KEY = "lockstep.state";

/** Writes beside `path` and renames, in slices. Throws an EnvironmentError where the disk says no. */
export function writingCheckpoint(
  path: string,
  tensors: Iterable<NamedTensor>,
  state: TrainingState,
): Sliced<void> {
  return writingSafetensors(path, tensors, { [STATE_KEY]: JSON.stringify(state) });
}

/** Throws an InputError where the file is damaged, or is no checkpoint of Lockstep. */
export function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(path);
  const refuse = (what: string) =>
    new InputError("not-a-checkpoint", `${path} ${what}`, "give a checkpoint that lockstep train wrote");
  const text = metadata[STATE_KEY];
  if (text === undefined) throw refuse("is a safetensors file, but not a checkpoint of Lockstep");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refuse("has a damaged training state");
  }
  const checked = StateSchema.safeParse(parsed);
  if (checked.success) return { path, tensors, state: checked.data };
  const [{ path: field, message }] = checked.error.issues;
  throw refuse(`has a training state of another version: ${field.join(".")}: ${message}`);
}
