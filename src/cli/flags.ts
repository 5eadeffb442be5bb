/** The flags of `train` and `eval`: their words, their groups in the help, and how their text becomes a value. */
import type { ConfigKey } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import type { Layer } from "../base/layer.ts";

export interface Flag {
  readonly key: ConfigKey;
  /** As commander reads them: "--batch <n>". */
  readonly words: string;
  readonly help: string;
  readonly group: string;
  /** What the text after the flag is. */
  readonly value: "text" | "number" | "none";
}

const JOB = "What to train:";
const STEP = "How to learn:";
const MACHINE = "On what:";
const OUTPUT = "Where results go:";

export const TRAIN_FLAGS: readonly Flag[] = [
  flag(JOB, "dataset", "--dataset <name>", "mnist, fashion-mnist, or a folder of IDX files (mnist)", "text"),
  flag(JOB, "model", "--model <name>", "mlp, or a .js or .ts file with a model function (mlp)", "text"),
  flag(
    JOB,
    "hidden",
    "--hidden <widths>",
    "widths of the hidden layers, such as 128,64, or none (128)",
    "text",
  ),
  flag(JOB, "activation", "--activation <f>", "relu, sigmoid, tanh or gelu (relu)", "text"),
  flag(STEP, "batch", "--batch <n>", "samples of a step, over all ranks (64)", "number"),
  flag(STEP, "micro-batches", "--micro-batches <m>", "into so many a pipeline cuts a batch (1)", "number"),
  flag(
    STEP,
    "schedule",
    "--schedule <name>",
    "of a pipeline: gpipe, 1f1b, interleaved or zero-bubble (1f1b)",
    "text",
  ),
  flag(STEP, "epochs", "--epochs <n>", "times through the data (5)", "number"),
  flag(STEP, "max-steps", "--max-steps <n>", "stop after so many steps of the run", "number"),
  flag(STEP, "seed", "--seed <n>", "of first weights and of the order of samples (1)", "number"),
  flag(STEP, "no-shuffle", "--no-shuffle", "take the samples in the order of the files", "none"),
  flag(STEP, "optimizer", "--optimizer <name>", "sgd, momentum or adam (sgd)", "text"),
  flag(STEP, "lr", "--lr <x>", "learning rate (0.1; adam 0.001)", "number"),
  flag(STEP, "weight-decay", "--weight-decay <x>", "decay of the weights (0)", "number"),
  flag(STEP, "clip-norm", "--clip-norm <x>", "clip the norm of all gradients together (off)", "number"),
  flag(MACHINE, "ranks", "--ranks <n>", "worker threads (one a core)", "number"),
  flag(
    MACHINE,
    "hosts",
    "--hosts <list>",
    "hosts with their ranks, such as node1:4,node2:4; one rank where no number stands",
    "text",
  ),
  flag(MACHINE, "hostfile", "--hostfile <file>", "the same, one a line: host slots=N, or host:N", "text"),
  flag(
    MACHINE,
    "ranks-per-process",
    "--ranks-per-process <n>",
    "several processes a host, each of at most n ranks",
    "number",
  ),
  flag(MACHINE, "ssh", "--ssh <command>", "how hosts are reached: words without quotes (ssh)", "text"),
  flag(
    MACHINE,
    "remote-dir",
    "--remote-dir <folder>",
    "where Lockstep is on those hosts (the same folder as here)",
    "text",
  ),
  flag(MACHINE, "security", "--security <mode>", "of what hosts send: auth, encrypt or off (auth)", "text"),
  flag(
    MACHINE,
    "layout",
    "--layout <list>",
    "replicas, slices, stages: dp=2,tp=1,pp=2 is four ranks (dp=ranks)",
    "text",
  ),
  flag(
    MACHINE,
    "numerics",
    "--numerics <mode>",
    "exact: the same bits in every layout; fast: gradients, and sums of slices, added in any order (exact)",
    "text",
  ),
  flag(
    MACHINE,
    "allreduce",
    "--allreduce <form>",
    "how processes sum gradients: exchange, sharded or ordered; fast: ring, recursive-doubling, halving-doubling, naive, parameter-server; of stages exchange alone (auto)",
    "text",
  ),
  flag(MACHINE, "fma", "--fma <mode>", "fused multiply-add, auto or off (auto)", "text"),
  flag(MACHINE, "on-nonfinite", "--on-nonfinite <do>", "stop, when the loss is not finite", "text"),
  flag(
    MACHINE,
    "collective-timeout",
    "--collective-timeout <s>",
    "seconds a rank waits for another (60)",
    "number",
  ),
  flag(OUTPUT, "run-dir", "--run-dir <folder>", "new folder of the run (runs/TIME-NAME)", "text"),
  flag(
    OUTPUT,
    "resume",
    "--resume <run>",
    "continue a run; may change where it runs (--ranks, --hosts, …), --security, --epochs, --max-steps",
    "text",
  ),
  flag(OUTPUT, "trace", "--trace", "record ten steps, instruction by instruction: `lockstep trace`", "none"),
  flag(
    OUTPUT,
    "trace-steps",
    "--trace-steps <a:b>",
    "the same of steps a to b, at most 1000 (the last 10 of the first 110)",
    "text",
  ),
  flag(OUTPUT, "json", "--json", "one JSON object a line on stdout", "none"),
  flag(OUTPUT, "quiet", "-q, --quiet", "nothing on stderr but errors", "none"),
  flag(OUTPUT, "verbose", "-v, --verbose", "say more on stderr", "none"),
];

const EVAL_KEYS: readonly ConfigKey[] = [
  "dataset",
  "model",
  "hidden",
  "activation",
  "ranks",
  "fma",
  "json",
  "quiet",
  "verbose",
];

/** `eval` takes the run's settings; the flags are for another data set, and for a checkpoint outside of a run. */
export const EVAL_FLAGS: readonly Flag[] = TRAIN_FLAGS.filter(({ key }) => EVAL_KEYS.includes(key));

const DOCTOR_KEYS: readonly ConfigKey[] = ["hosts", "hostfile", "ssh", "remote-dir", "json", "quiet"];

export const DOCTOR_FLAGS: readonly Flag[] = TRAIN_FLAGS.filter(({ key }) => DOCTOR_KEYS.includes(key));

export const TRACE_FLAGS: readonly Flag[] = TRAIN_FLAGS.filter(({ key }) => ["json", "quiet"].includes(key));

function flag(group: string, key: ConfigKey, words: string, help: string, value: Flag["value"]): Flag {
  return { key, words, help, group, value };
}

/** The options that were given: text by key, true for a flag without text. */
export type Given = Readonly<Record<string, string | true>>;

/** Throws an InputError where the next flag was taken for a flag's value, unless it was written as one word. */
export function refuseSwallowedFlags(given: Given, argv: readonly string[]): void {
  for (const [key, text] of Object.entries(given)) {
    if (typeof text !== "string" || !/^--[a-z]/.test(text)) continue;
    if (argv.includes(`--${key}=${text}`)) continue;
    const fix = `write it as --${key}=${text} if you mean it`;
    throw new InputError("bad-value", `--${key} needs a value, found the flag ${text}`, fix);
  }
}

/** The flags' layer of settings. `argv` are the words of the call. */
export function flagLayer(given: Given, argv: readonly string[]): Layer {
  refuseSwallowedFlags(given, argv);
  const values = Object.fromEntries(
    Object.entries(given).map(([key, text]) => {
      const isNumber = TRAIN_FLAGS.find((flag) => flag.key === key)?.value === "number";
      return [key, isNumber && typeof text === "string" ? toNumber(text) : text];
    }),
  );
  return { origin: "flag", values, name: (key) => `--${key}` };
}

/** What is no number stays text, for the complaint about it. */
function toNumber(text: string): number | string {
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}
