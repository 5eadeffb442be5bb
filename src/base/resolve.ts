/** Lays defaults, a run's configuration, a file and the flags over each other; every value remembers where it came from. */
import { existsSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import {
  defaultPlacement,
  defaultSettings,
  EXACT_ALLREDUCE,
  formatLayout,
  INVOCATION_KEYS,
  type Layout,
  MAXIMUM_RANKS,
  PLACEMENT_KEYS,
  type Placement,
  ranksOfLayout,
  type Settings,
} from "./config.ts";
import { InputError } from "./errors.ts";
import type { CheckedLayer, Origin } from "./layer.ts";

export interface Resolved {
  /** Where hosts are named, `ranks` and `layout` are still the defaults: their slots decide. */
  readonly settings: Settings;
  readonly origins: Readonly<Record<keyof Settings, Origin>>;
  readonly placement: Placement;
}

const CAMEL: Partial<Record<string, keyof Settings>> = {
  "micro-batches": "microBatches",
  "max-steps": "maxSteps",
  "no-shuffle": "shuffle",
  "weight-decay": "weightDecay",
  "clip-norm": "clipNorm",
  "on-nonfinite": "onNonfinite",
  "collective-timeout": "collectiveTimeout",
};

const CAMEL_PLACEMENT: Partial<Record<string, keyof Placement>> = {
  "ranks-per-process": "ranksPerProcess",
  "remote-dir": "remoteDir",
};

/** The field of `Settings` that a key sets: "max-steps" → "maxSteps". */
export function settingOf(key: string): keyof Settings {
  return CAMEL[key] ?? (key as keyof Settings);
}

/** Later layers win. `cores` is the default number of ranks. */
export function resolveSettings(layers: readonly CheckedLayer[], cores: number): Resolved {
  const optimizer =
    layers.findLast((layer) => layer.values.optimizer !== undefined)?.values.optimizer ?? "sgd";
  const settings = defaultSettings(optimizer, cores);
  const ranksByDefault = settings.ranks;
  const origins = Object.fromEntries(Object.keys(settings).map((key) => [key, "default"])) as Record<
    keyof Settings,
    Origin
  >;
  for (const layer of layers) {
    reconcileWorld(layer);
    if (namesHosts(layer)) {
      settings.ranks = ranksByDefault;
      settings.layout = { dp: ranksByDefault, tp: 1, pp: 1 };
      origins.ranks = origins.layout = "default";
    }
    for (const [key, value] of Object.entries(layer.values)) {
      if (NOT_SETTINGS.includes(key) || value === undefined) continue;
      const field = settingOf(key);
      Object.assign(settings, { [field]: key === "no-shuffle" ? !value : absolute(key, value) });
      origins[field] = layer.origin;
      if (key === "ranks") settings.layout = { dp: value as number, tp: 1, pp: 1 };
      if (key === "layout") settings.ranks = ranksOfLayout(value as Layout);
      if (key === "ranks" || key === "layout") origins.ranks = origins.layout = layer.origin;
    }
  }
  refuseWidthsOfModelFile(settings, origins);
  checkAllreduce(settings);
  refuseWithoutPipeline(settings, origins);
  return { settings, origins, placement: resolvePlacement(layers) };
}

const NOT_SETTINGS: readonly string[] = [...INVOCATION_KEYS, ...PLACEMENT_KEYS];

function namesHosts({ values }: CheckedLayer): boolean {
  return values.hosts !== undefined || values.hostfile !== undefined;
}

/** Who names a number of ranks without hosts means this machine, whatever an earlier layer named; and the other way round. */
function resolvePlacement(layers: readonly CheckedLayer[]): Placement {
  const placement = defaultPlacement();
  for (const layer of layers) {
    const { values } = layer;
    if (namesHosts(layer) || values.ranks !== undefined || values.layout !== undefined)
      Object.assign(placement, { hosts: null, hostfile: null });
    for (const key of PLACEMENT_KEYS) {
      if (values[key] === undefined) continue;
      const field = CAMEL_PLACEMENT[key] ?? (key as keyof Placement);
      Object.assign(placement, {
        [field]: key === "hostfile" ? resolvePath(String(values[key])) : values[key],
      });
    }
  }
  return placement;
}

/** A layout and a number of ranks in the same place must agree; hosts say the number of ranks themselves. */
function reconcileWorld(layer: CheckedLayer): void {
  const { ranks, layout } = layer.values;
  if (layout !== undefined && ranksOfLayout(layout) > MAXIMUM_RANKS) {
    throw new InputError(
      "bad-value",
      `${layer.name("layout")}: expected at most ${MAXIMUM_RANKS} ranks, found ${formatLayout(layout)}`,
      "use smaller factors",
    );
  }
  const [first, second] = ["hosts", "hostfile", "ranks"].filter(
    (key) => layer.values[key as "hosts" | "hostfile" | "ranks"] !== undefined,
  );
  if (second !== undefined) {
    throw new InputError(
      "world-twice",
      `${layer.name(first)} and ${layer.name(second)} both say how many ranks there are`,
      "give one of the two",
    );
  }
  if (layout !== undefined && ranks !== undefined)
    checkLayout(layout, ranks, layer.name("layout"), `${layer.name("ranks")} says`);
}

/** Throws an InputError that shows which layouts there are for so many ranks. `says` begins who has them: "--ranks says". */
export function checkLayout(layout: Layout, ranks: number, name: string, says: string): void {
  const own = ranksOfLayout(layout);
  if (own === ranks) return;
  const { tp, pp } = layout;
  const others = [
    { dp: ranks / (tp * pp), tp, pp },
    { dp: ranks / pp, tp: 1, pp },
    { dp: ranks / tp, tp, pp: 1 },
    { dp: ranks, tp: 1, pp: 1 },
  ].filter(({ dp }) => Number.isInteger(dp));
  throw new InputError(
    "layout-mismatch",
    `${name} ${formatLayout(layout)} has ${own} ranks, ${says} ${ranks}`,
    `for ${ranks} use ${[...new Set(others.map(formatLayout))].join(", or ")}`,
  );
}

const NAMED = ["mnist", "fashion-mnist", "cifar10", "mlp", "resnet20"];

/** A folder or file is remembered by its absolute path, so that a run can be evaluated from anywhere. */
function absolute(key: string, value: unknown): unknown {
  if ((key !== "dataset" && key !== "model") || typeof value !== "string") return value;
  if (NAMED.includes(value)) return value;
  return value.includes("/") || /\.[mc]?[jt]s$/.test(value) || existsSync(value) ? resolvePath(value) : value;
}

/** Throws an InputError where gradients are to be added in an order that exact numerics does not allow. */
export function checkAllreduce({ numerics, allreduce }: Pick<Settings, "numerics" | "allreduce">): void {
  if (numerics === "fast" || EXACT_ALLREDUCE.some((form) => form === allreduce)) return;
  throw new InputError(
    "not-exact",
    `--allreduce ${allreduce} adds in an order that depends on the layout, and --numerics is exact`,
    `add --numerics fast, or use --allreduce ${EXACT_ALLREDUCE.slice(1).join(", ")}`,
  );
}

/** What a file or a run says of pipelines waits until there is one; a flag is meant for this job. */
function refuseWithoutPipeline({ layout }: Settings, origins: Record<keyof Settings, Origin>): void {
  if (layout.pp > 1) return;
  for (const [field, key] of [
    ["microBatches", "micro-batches"],
    ["schedule", "schedule"],
  ] as const)
    if (origins[field] === "flag")
      throw new InputError(
        "no-pipeline",
        `--${key} is for a pipeline, and the layout is ${formatLayout(layout)}`,
        `leave it out, or add stages: --layout pp=2`,
      );
}

function refuseWidthsOfModelFile(settings: Settings, origins: Record<keyof Settings, Origin>): void {
  if (settings.model === "mlp") return;
  for (const key of ["hidden", "activation"] as const) {
    if (origins[key] === "default") continue;
    throw new InputError(
      "bad-value",
      `--${key} is for --model mlp; the model is ${settings.model}, which decides its own layers`,
      `leave out --${key}, or use --model mlp`,
    );
  }
}
