/** What one source of settings says: a file or the flags, checked value by value with the place of each. */
import { CONFIG_KEYS, type ConfigKey, ConfigSchema, type PartialConfig } from "./config.ts";
import { InputError } from "./errors.ts";
import { exampleOf } from "./example.ts";
import { laterSetting } from "./later.ts";
import { nearest } from "./nearest.ts";
import { nearestSetting } from "./nearest-setting.ts";

export type Origin = "default" | "run" | "file" | "flag";

/** What one source says, not yet checked. Keys are the flags' words: "max-steps". */
export interface Layer {
  readonly origin: Exclude<Origin, "default">;
  readonly values: Readonly<Record<string, unknown>>;
  /** How the user finds the key again: "--lr", or "config.yaml:3: lr". */
  name(key: string): string;
}

/** A layer whose values are of the right type and within their limits. */
export interface CheckedLayer extends Omit<Layer, "values"> {
  readonly values: PartialConfig;
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** Checks one layer; throws one InputError that lists all its problems. */
export function checkLayer(layer: Layer): CheckedLayer {
  const problems: Problem[] = [];
  const checked: [key: string, value: unknown][] = [];
  for (const [key, value] of Object.entries(layer.values)) {
    const later = laterSetting(key, value, layer.name(key));
    if (later !== null) problems.push({ code: "not-supported-yet", ...later });
    else if (!Object.hasOwn(ConfigSchema.shape, key)) problems.push(unknownKey(layer, key));
    else {
      const parsed = ConfigSchema.shape[key as ConfigKey].safeParse(value);
      if (parsed.success) checked.push([key, parsed.data]);
      else problems.push(badValue(layer, key as ConfigKey, value, parsed.error.issues[0].message));
    }
  }
  if (problems.length > 0) throw complaint(problems);
  return { ...layer, name: layer.name.bind(layer), values: Object.fromEntries(checked) as PartialConfig };
}

function unknownKey(layer: Layer, key: string): Problem {
  const near = nearestSetting(key, CONFIG_KEYS);
  const fix =
    near === null ? "remove it; `lockstep train --help` lists the settings" : `did you mean ${near}?`;
  return { code: "unknown-key", message: `${layer.name(key)} is not a setting`, fix };
}

function badValue(layer: Layer, key: ConfigKey, value: unknown, expected: string): Problem {
  const options = /^expected ([\w-]+(?:, [\w-]+)* or [\w-]+)$/.exec(expected)?.[1].split(/, | or /) ?? [];
  const near = typeof value === "string" ? nearest(value, options) : null;
  const fix =
    near === null ? `give a value such as ${exampleOf(key, layer.name(key))}` : `did you mean ${near}?`;
  return { code: "bad-value", message: `${layer.name(key)}: ${expected}, found ${shown(value)}`, fix };
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function complaint(problems: readonly Problem[]): InputError {
  if (problems.length === 1) return new InputError(problems[0].code, problems[0].message, problems[0].fix);
  const lines = problems.map(({ message, fix }) => `\n  ${message} (${fix})`);
  return new InputError(
    "bad-config",
    `${problems.length} settings are wrong:${lines.join("")}`,
    "correct each of them",
  );
}
