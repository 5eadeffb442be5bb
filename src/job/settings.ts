/** The settings that a program gives: checked like those of the command line, and completed by the same defaults. */
import { availableParallelism } from "node:os";
import {
  CONFIG_KEYS,
  defaultSettings,
  formatLayout,
  type Layout,
  ranksOfLayout,
  type Settings,
} from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { checkLayer } from "../base/layer.ts";
import { checkAllreduce, checkLayout, settingOf } from "../base/resolve.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { handsOver, type PipelineWish, pipelineFor } from "../rank/pipeline-wish.ts";

/** The schema's key for each field of `Settings`: maxSteps → "max-steps". */
const KEYS: ReadonlyMap<string, string> = new Map(CONFIG_KEYS.map((key) => [settingOf(key), key]));

/** A field's value as a file would have it. */
function asWritten(field: string, value: unknown): unknown {
  if (field === "shuffle" && typeof value === "boolean") return !value;
  if (field !== "layout" || typeof value !== "object" || value === null) return value;
  return formatLayout(value as Layout);
}

/** The word that the command line has for a field: maxSteps → "max-steps". */
export function keyOf(field: keyof Settings): string {
  return KEYS.get(field) ?? field;
}

/** Checks the fields that are given (and not undefined); throws one InputError that names all that are wrong. */
function checkSettings(given: Partial<Settings>, where = "settings."): Partial<Settings> {
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  const values = fields.map(([field, value]) => [KEYS.get(field) ?? field, asWritten(field, value)]);
  const checked = checkLayer({
    origin: "flag",
    values: Object.fromEntries(values),
    name: (key) => `${where}${settingOf(key)}`,
  });
  const entries = Object.entries(checked.values).map(([key, value]) => [
    settingOf(key),
    key === "no-shuffle" ? !value : value,
  ]);
  return Object.fromEntries(entries);
}

/** What a resumed job takes from its checkpoint where the program says nothing. */
const INHERITED = [
  ...["batch", "seed", "shuffle", "epochs"],
  ...["optimizer", "lr", "weightDecay", "clipNorm"],
] as readonly (keyof Settings)[];

function inheritedSettings({ path, state }: Checkpoint): Partial<Settings> {
  const entries = INHERITED.map((field) => [field, state.settings[field]]);
  const fma = state.fma ? "auto" : "off";
  return { fma, ...checkSettings(Object.fromEntries(entries), `${path}: `) };
}

/**
 * All settings of a job: those given, else those of the checkpoint that it resumes, else the defaults. `ranks` without a
 * layout, or a layout without `ranks`, makes the other; neither, the ranks of the world, if the job has one.
 */
export function completeSettings(
  given: Partial<Settings> = {},
  resume?: Checkpoint,
  world?: readonly number[],
): Settings {
  const checked = { ...(resume && inheritedSettings(resume)), ...checkSettings(given) };
  const defaults = defaultSettings(
    checked.optimizer ?? "sgd",
    world?.reduce((sum, ranks) => sum + ranks, 0) ?? availableParallelism(),
  );
  const { layout } = checked;
  const ranks = checked.ranks ?? (layout ? ranksOfLayout(layout) : defaults.ranks);
  if (layout) checkLayout(layout, ranks, "settings.layout", "settings.ranks is");
  const settings = { ...defaults, layout: { dp: ranks, tp: 1, pp: 1 }, ...checked, ranks };
  checkAllreduce(settings);
  return settings;
}

/**
 * The pipeline that a job's ranks are, in processes of so many; undefined for none. Throws an InputError on another way
 * to add gradients than a pipeline has, in one process too, where there is nothing to add: elsewhere the same settings
 * could not be.
 */
export function pipelineOf(settings: Settings, processes: readonly number[]): PipelineWish | undefined {
  const { layout, allreduce } = settings;
  const wish = pipelineFor(layout, processes, settings);
  if (wish !== undefined && !handsOver(allreduce))
    throw new InputError(
      "no-allreduce",
      `--allreduce ${allreduce} is for replicas alone; ${layout.pp > 1 ? "stages" : "slices in several processes"} ` +
        `(${formatLayout(layout)}) hand over what gradients are made of`,
      "use --allreduce auto, or --layout dp=N",
    );
  return wish;
}
