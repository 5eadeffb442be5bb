/** What a training job may be set to: the schema of `config.yaml` and of the flags of `train`, and the defaults. */
import { z } from "zod";

export const ACTIVATIONS = ["relu", "sigmoid", "tanh", "gelu"] as const;
export const OPTIMIZERS = ["sgd", "momentum", "adam"] as const;
export const MAXIMUM_RANKS = 256;
/** How processes come to the gradients of all samples: by which the bits are the same in every layout, and by which not. */
export const EXACT_ALLREDUCE = ["auto", "exchange", "sharded", "ordered"] as const;
export const FAST_ALLREDUCE = [
  "ring",
  "recursive-doubling",
  "halving-doubling",
  "naive",
  "parameter-server",
] as const;
export const ALLREDUCE = [...EXACT_ALLREDUCE, ...FAST_ALLREDUCE] as const;

/** How a pipeline's ranks take micro-batches in turn. */
export const SCHEDULE_NAMES = ["gpipe", "1f1b", "interleaved", "zero-bubble"] as const;

/** Replicas of the model, slices of each layer, stages of layers. */
export interface Layout {
  dp: number;
  tp: number;
  pp: number;
}

export const ranksOfLayout = ({ dp, tp, pp }: Layout): number => dp * tp * pp;

export const formatLayout = ({ dp, tp, pp }: Layout): string => `dp=${dp},tp=${tp},pp=${pp}`;

/** A complete, checked configuration. */
export interface Settings {
  /** A known name ("mnist", "fashion-mnist"), or a folder of IDX files. */
  dataset: string;
  /** "mlp", or a file whose default export is a model function. */
  model: string;
  /** Widths of the hidden layers; empty: none. For "mlp" only. */
  hidden: readonly number[];
  activation: (typeof ACTIVATIONS)[number];
  /** Samples of a step, over all ranks. */
  batch: number;
  /** Into so many a pipeline cuts a batch. */
  microBatches: number;
  schedule: (typeof SCHEDULE_NAMES)[number];
  epochs: number;
  /** Steps of the whole run, or null for no limit but the epochs. */
  maxSteps: number | null;
  seed: number;
  shuffle: boolean;
  optimizer: (typeof OPTIMIZERS)[number];
  lr: number;
  weightDecay: number;
  /** Norm to which all gradients together are clipped, or null. */
  clipNorm: number | null;
  ranks: number;
  layout: Layout;
  /** "fast": processes may add their gradients in any order. */
  numerics: "exact" | "fast";
  allreduce: (typeof ALLREDUCE)[number];
  fma: "auto" | "off";
  onNonfinite: "stop";
  /** Seconds that a rank waits for another before the run fails. */
  collectiveTimeout: number;
}

export const SECURITY = ["auth", "encrypt", "off"] as const;

/** Where a job runs, and how its processes are reached: no part of what it computes. */
export interface Placement {
  /** "a:2,b:2", or null for this machine alone. */
  hosts: string | null;
  /** The file that names the hosts instead, or null. */
  hostfile: string | null;
  /** At most so many ranks in one process; null: one process a host. */
  ranksPerProcess: number | null;
  /** The command that runs another on a host: "ssh -p 2222". */
  ssh: string;
  /** The folder to run in on hosts reached by ssh; null: the launcher's. */
  remoteDir: string | null;
  /** How frames between processes are protected. */
  security: (typeof SECURITY)[number];
}

/** What a file or the flags say, under the flags' words; every key may be absent. */
export type PartialConfig = z.infer<typeof ConfigSchema>;

/** Above it not every integer is a number of JavaScript. */
const LARGEST = Number.MAX_SAFE_INTEGER;

function integer(minimum: number, maximum = LARGEST) {
  const error = ({ input }: { readonly input?: unknown }) => {
    if (maximum < LARGEST) return `expected an integer from ${minimum} to ${maximum}`;
    return `expected an integer of ${isTooLarge(input) ? `at most ${LARGEST}` : `at least ${minimum}`}`;
  };
  return z.number({ error }).int({ error }).min(minimum, { error }).max(maximum, { error });
}

function isTooLarge(value: unknown): boolean {
  return typeof value === "number" && value > LARGEST;
}

/** The kernels hold such a setting in f32: it must neither overflow there nor vanish. */
function positive() {
  const error = "expected a number above 0 (and within the range of f32)";
  return z
    .number({ error })
    .refine((value) => Math.fround(value) > 0 && Math.fround(value) < Infinity, { error });
}

function oneOf<const T extends readonly string[]>(words: T) {
  const list = words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return z.enum(words, { error: `expected ${list}` });
}

function nullable<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === "none" || value === "off" ? null : value), schema.nullable());
}

const words = (what: string) => z.string({ error: `expected ${what}` }).min(1, { error: `expected ${what}` });

/** Goes to another program, or to another machine, as one line. */
const line = (what: string) =>
  words(what).regex(/^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$/u, { error: `expected ${what} in one line` });

const Hidden = z.unknown().transform((value, context): number[] => {
  const items = hiddenItems(value);
  const wrong = typeof items === "string" ? items : wrongItem(items);
  if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  return items as number[];
});

/** "128,64", [128, 64], 128 and none are all widths; a string is the complaint. */
function hiddenItems(value: unknown): unknown[] | string {
  if (value === "none") return [];
  if (Array.isArray(value)) return value;
  if (typeof value === "number") return [value];
  if (typeof value !== "string") return "expected widths such as 128,64, or none";
  return value.split(",").map((item) => (/^\s*[-+]?\d[\d.e+]*\s*$/i.test(item) ? Number(item) : item.trim()));
}

function wrongItem(items: unknown[]): string | null {
  for (const [index, item] of items.entries()) {
    if (Number.isSafeInteger(item) && (item as number) >= 1) continue;
    const found = item === "" ? "empty" : JSON.stringify(item);
    const limit = isTooLarge(item) ? `at most ${LARGEST}` : "at least 1";
    return `expected widths of ${limit}, such as 128,64, or none: item ${index + 1} is ${found}`;
  }
  return null;
}

const LAYOUT = "expected a layout such as dp=2,tp=1,pp=1";
const LayoutText = z.string({ error: LAYOUT }).transform((text, context): Layout => {
  const layout: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [, axis, size] = /^(dp|tp|pp)=([1-9]\d{0,14})$/.exec(part.trim()) ?? [];
    if (axis === undefined || axis in layout) context.addIssue({ code: "custom", message: LAYOUT });
    else layout[axis] = Number(size);
  }
  return { dp: 1, tp: 1, pp: 1, ...layout };
});

/** More than that, viewers do not take. */
const MOST_TRACED_STEPS = 1000;
const TRACE_STEPS = `expected steps such as 100:120, at most ${MOST_TRACED_STEPS} of them`;
const TraceSteps = z
  .string({ error: TRACE_STEPS })
  .regex(/^[1-9]\d{0,14}:[1-9]\d{0,14}$/, { error: TRACE_STEPS })
  .transform((text, context) => {
    const [first, last] = text.split(":").map(Number);
    if (last < first || last - first >= MOST_TRACED_STEPS)
      context.addIssue({ code: "custom", message: TRACE_STEPS });
    return { first, last };
  });

const flag = () => z.boolean({ error: "expected true or false" });

/** Keys as they are written in a file; `Settings` has the same words in camelCase. */
export const ConfigSchema = z
  .object({
    dataset: words("mnist, fashion-mnist or a folder of IDX files"),
    model: words("mlp or a model file"),
    hidden: Hidden,
    activation: oneOf(ACTIVATIONS),
    batch: integer(1),
    "micro-batches": integer(1),
    schedule: oneOf(SCHEDULE_NAMES),
    epochs: integer(1),
    "max-steps": nullable(integer(1)),
    seed: integer(0),
    "no-shuffle": flag(),
    optimizer: oneOf(OPTIMIZERS),
    lr: positive(),
    "weight-decay": z
      .number({ error: "expected a number of at least 0" })
      .min(0, { error: "expected a number of at least 0" }),
    "clip-norm": nullable(positive()),
    ranks: integer(1, MAXIMUM_RANKS),
    layout: LayoutText,
    hosts: line("hosts such as node1:4,node2:4"),
    hostfile: words("a file of hosts"),
    "ranks-per-process": nullable(integer(1, MAXIMUM_RANKS)),
    ssh: line("a command such as ssh"),
    "remote-dir": line("a folder"),
    security: oneOf(SECURITY),
    numerics: oneOf(["exact", "fast"]),
    allreduce: oneOf(ALLREDUCE),
    fma: oneOf(["auto", "off"]),
    "on-nonfinite": oneOf(["stop"]),
    "collective-timeout": positive(),
    "run-dir": words("a folder"),
    resume: words("a run folder"),
    trace: flag(),
    "trace-steps": TraceSteps,
    json: flag(),
    quiet: flag(),
    verbose: flag(),
  })
  .partial();

export type ConfigKey = keyof typeof ConfigSchema.shape;
export const CONFIG_KEYS = Object.keys(ConfigSchema.shape) as ConfigKey[];

/** Keys that say how a command runs and prints, not what it trains: no part of a run's config.yaml. */
export const INVOCATION_KEYS = [
  "run-dir",
  "resume",
  "trace",
  "trace-steps",
  "json",
  "quiet",
  "verbose",
] as const;

/** Keys of `Placement`. */
export const PLACEMENT_KEYS = [
  "hosts",
  "hostfile",
  "ranks-per-process",
  "ssh",
  "remote-dir",
  "security",
] as const;

export function defaultPlacement(): Placement {
  return {
    hosts: null,
    hostfile: null,
    ranksPerProcess: null,
    ssh: "ssh",
    remoteDir: null,
    security: "auth",
  };
}

/** The defaults of DESIGN §7; `cores` are what this machine lets a process use. */
export function defaultSettings(optimizer: Settings["optimizer"], cores: number): Settings {
  const ranks = Math.min(cores, MAXIMUM_RANKS);
  return {
    dataset: "mnist",
    model: "mlp",
    hidden: [128],
    activation: "relu",
    batch: 64,
    microBatches: 1,
    schedule: "1f1b",
    epochs: 5,
    maxSteps: null,
    seed: 1,
    shuffle: true,
    optimizer,
    lr: optimizer === "adam" ? 0.001 : 0.1,
    weightDecay: 0,
    clipNorm: null,
    ranks,
    layout: { dp: ranks, tp: 1, pp: 1 },
    numerics: "exact",
    allreduce: "auto",
    fma: "auto",
    onNonfinite: "stop",
    collectiveTimeout: 60,
  };
}
