/** The settings that a program gives: checked like those of the command line, and completed by the same defaults. */
import { availableParallelism } from "node:os";
import { CONFIG_KEYS, defaultSettings, type Layout, type Settings } from "../base/config.ts";
import { checkLayer } from "../base/layer.ts";
import { settingOf } from "../base/resolve.ts";

/** The schema's key for each field of `Settings`: maxSteps → "max-steps". */
const KEYS: ReadonlyMap<string, string> = new Map(CONFIG_KEYS.map((key) => [settingOf(key), key]));

/** A field's value as a file would have it. */
function asWritten(field: string, value: unknown): unknown {
  if (field === "shuffle" && typeof value === "boolean") return !value;
  if (field !== "layout" || typeof value !== "object" || value === null) return value;
  const { dp, tp, pp } = value as Layout;
  return `dp=${dp},tp=${tp},pp=${pp}`;
}

/** Checks the fields that are given (and not undefined); throws one InputError that names all that are wrong. */
function checkSettings(given: Partial<Settings>): Partial<Settings> {
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  const values = fields.map(([field, value]) => [KEYS.get(field) ?? field, asWritten(field, value)]);
  const checked = checkLayer({
    origin: "flag",
    values: Object.fromEntries(values),
    name: (key) => `settings.${settingOf(key)}`,
  });
  const entries = Object.entries(checked.values).map(([key, value]) => [
    settingOf(key),
    key === "no-shuffle" ? !value : value,
  ]);
  return Object.fromEntries(entries);
}

/** All settings of a job. `ranks` without a layout, or a layout without `ranks`, makes the other. */
export function completeSettings(given: Partial<Settings> = {}): Settings {
  const checked = checkSettings(given);
  const defaults = defaultSettings(checked.optimizer ?? "sgd", availableParallelism());
  const ranks = checked.ranks ?? checked.layout?.dp ?? defaults.ranks;
  return { ...defaults, layout: { dp: ranks, tp: 1, pp: 1 }, ...checked, ranks };
}
