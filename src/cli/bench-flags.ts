/** The flags of the commands below `bench`: their words and their help. */
import { type ConfigKey, PLACEMENT_KEYS } from "../base/config.ts";
import { type Flag, TRAIN_FLAGS } from "./flags.ts";

const WHAT = "What to measure:";
const HOW = "How:";
const OUTPUT = "Where results go:";

/** A flag of `bench kernels` or `bench allreduce`, which has no setting in a file. */
export interface BenchFlag extends Omit<Flag, "key" | "value"> {
  readonly key: string;
}

const flag = (group: string, words: string, help: string): BenchFlag => ({
  key: /--([a-z-]+)/.exec(words)?.[1] ?? words,
  words,
  help,
  group,
});

export const KERNEL_FLAGS: readonly BenchFlag[] = [
  flag(WHAT, "--filter <text>", "kernels whose name has it; several between commas"),
  flag(WHAT, "--shapes <set>", "products only: square, mlp, or sizes M,N,K in all variants"),
  flag(HOW, "--threads <n>", "on so many threads at once, each in memory of its own (1)"),
  flag(HOW, "--peers", "OpenBLAS beside the products, on the same operands, if it is installed"),
  flag(HOW, "--rounds <n>", "samples of everything, taken in turns (15)"),
  flag(OUTPUT, "--svg <file>", "draw the roofline into a file"),
  flag(OUTPUT, "--json", "one JSON object a line on stdout"),
  flag(OUTPUT, "-q, --quiet", "nothing on stderr but errors"),
];

export const ALLREDUCE_FLAGS: readonly BenchFlag[] = [
  flag(WHAT, "--ranks <n>", "how many sum (2)"),
  flag(
    WHAT,
    "--ranks-per-process <n>",
    "over ipc and tcp: processes of n ranks, whose sums go over the links (1)",
  ),
  flag(WHAT, "--transport <t>", "memory: threads; ipc, tcp: processes; mpi: the installed MPI (memory)"),
  flag(
    WHAT,
    "--algorithm <a>",
    "shared, ring, recursive-doubling, halving-doubling, naive, parameter-server, auto, point-to-point (sums nothing), or all (memory: shared; else auto)",
  ),
  flag(WHAT, "--bytes <list>", "sizes, between commas (1 KB, 64 KB, 1 MB, 4 MB, 16 MB)"),
  flag(HOW, "--security <mode>", "of ipc's and tcp's frames: auth, encrypt or off (auth)"),
  flag(HOW, "--sums <who>", "over ipc and tcp: main, the thread that moves bytes, or rank (main)"),
  flag(HOW, "--mpi", "under mpirun: the installed Open MPI or MPICH beside it"),
  flag(OUTPUT, "--json", "one JSON object a line on stdout"),
  flag(OUTPUT, "-q, --quiet", "nothing on stderr but errors"),
];

/** What does not change a step, or is no part of it. */
const NOT_OF_A_STEP: readonly ConfigKey[] = [
  ...PLACEMENT_KEYS,
  ...(["epochs", "max-steps", "run-dir", "resume", "trace", "trace-steps", "on-nonfinite"] as const),
];

/** `bench step` takes the settings of `train`, as far as they change what a step does. */
export const STEP_FLAGS: readonly Flag[] = TRAIN_FLAGS.filter(({ key }) => !NOT_OF_A_STEP.includes(key));
