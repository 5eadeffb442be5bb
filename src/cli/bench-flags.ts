/** The flags of `bench kernels` and `bench step`: their words and their help. */
import { type ConfigKey, PLACEMENT_KEYS } from "../base/config.ts";
import { type Flag, TRAIN_FLAGS } from "./flags.ts";

const WHAT = "What to measure:";
const HOW = "How:";
const OUTPUT = "Where results go:";

/** A flag of `bench kernels`, which has no setting in a file. */
export interface KernelFlag extends Omit<Flag, "key" | "value"> {
  readonly key: string;
}

const flag = (group: string, words: string, help: string): KernelFlag => ({
  key: /--([a-z]+)/.exec(words)?.[1] ?? words,
  words,
  help,
  group,
});

export const KERNEL_FLAGS: readonly KernelFlag[] = [
  flag(WHAT, "--filter <text>", "kernels whose name has it; several between commas"),
  flag(WHAT, "--shapes <set>", "products only: square, mlp, or sizes M,N,K in all variants"),
  flag(HOW, "--threads <n>", "on so many threads at once, each in memory of its own (1)"),
  flag(HOW, "--peers", "OpenBLAS beside the products, on the same operands, if it is installed"),
  flag(HOW, "--rounds <n>", "samples of everything, taken in turns (15)"),
  flag(OUTPUT, "--svg <file>", "draw the roofline into a file"),
  flag(OUTPUT, "--json", "one JSON object a line on stdout"),
  flag(OUTPUT, "-q, --quiet", "nothing on stderr but errors"),
];

/** What does not change a step, or is no part of it. */
const NOT_OF_A_STEP: readonly ConfigKey[] = [
  ...PLACEMENT_KEYS,
  ...(["epochs", "max-steps", "run-dir", "resume", "on-nonfinite"] as const),
];

/** `bench step` takes the settings of `train`, as far as they change what a step does. */
export const STEP_FLAGS: readonly Flag[] = TRAIN_FLAGS.filter(({ key }) => !NOT_OF_A_STEP.includes(key));
