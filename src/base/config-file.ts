/** config.yaml: read with the place of every value, and written so that reading it gives the same job again. */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { defaultPlacement, formatLayout, type Placement, type Settings } from "./config.ts";
import { InputError } from "./errors.ts";
import { readError } from "./file-error.ts";
import type { Layer, Origin } from "./layer.ts";
import { settingOf } from "./resolve.ts";

/** A configuration is a page of text: what is longer is another file by mistake. */
const LONGEST_BYTES = 1 << 20;

/** Reads `path`. Throws an InputError on what is missing, no text or no YAML; unknown keys are found by `checkLayer`. */
export async function readConfigFile(path: string, origin: Layer["origin"] = "file"): Promise<Layer> {
  return parseConfig(readText(path), path, origin);
}

export async function parseConfig(
  text: string,
  path: string,
  origin: Layer["origin"] = "file",
): Promise<Layer> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const wrong = [...document.errors, ...document.warnings];
  // What follows from a mistake is seldom another one, and the parser's own despair helps nobody.
  const shown = wrong.some(({ code }) => code === "RESOURCE_EXHAUSTION")
    ? wrong.slice(0, 1)
    : wrong.slice(0, 3);
  if (wrong.length > 0)
    throw notYaml(
      shown.map(({ pos, code, message }) => `${at(pos[0])}: ${OWN_WORDS[code] ?? message}`),
      wrong.length > 3,
    );
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null))
    return { origin, values: {}, name: (key) => `${path}: ${key}` };
  if (!isMap(root)) {
    throw new InputError(
      "config-not-a-map",
      `${path}: expected lines of the form "batch: 64"`,
      "write one setting a line",
    );
  }
  const values: Record<string, unknown> = Object.create(null);
  const places = new Map<string, string>();
  for (const { key, value } of root.items) {
    const name = String(isScalar(key) ? key.value : key);
    const [keyOffset, valueOffset] = [key, value].map(
      (node) => (node as { range?: number[] } | null)?.range?.[0],
    );
    places.set(name, at(valueOffset ?? keyOffset ?? 0));
    values[name] = toValue(
      () => (value as { toJS(document: unknown): unknown } | null)?.toJS(document) ?? null,
      at(keyOffset ?? 0),
    );
  }
  return { origin, values: { ...values }, name: (key) => `${places.get(key) ?? path}: ${key}` };
}

function toValue(read: () => unknown, place: string): unknown {
  try {
    return read();
  } catch (thrown) {
    throw notYaml([`${place}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  }
}

/** Where the parser speaks of its own functions, or of what no configuration needs. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document begins here; a configuration is one",
  BLOCK_AS_IMPLICIT_KEY:
    "a second colon in one line; a setting has one, and a value with a colon stands in quotes",
  RESOURCE_EXHAUSTION: "brackets are nested too deeply",
};

function notYaml(wrong: readonly string[], more = false): InputError {
  const list = more ? [...wrong, "and more"] : wrong;
  const message = wrong.length === 1 ? wrong[0] : `the file is not YAML:\n  ${list.join("\n  ")}`;
  return new InputError("config-not-yaml", message, 'write one setting a line, such as "batch: 64"');
}

function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new InputError("config-not-text", `${path} is not UTF-8 text`, "name a YAML file", thrown);
  }
}

/** A pipe is welcome (`lockstep train <(…)`); a folder or a device is not. */
function readBytes(path: string): Uint8Array {
  try {
    const descriptor = openSync(path, "r");
    try {
      const stat = fstatSync(descriptor);
      if (stat.isDirectory()) {
        throw new InputError(
          "config-is-a-folder",
          `${path} is a folder, not a configuration file`,
          "name the file, such as config.yaml",
        );
      }
      if (stat.isCharacterDevice() || stat.size > LONGEST_BYTES) {
        throw new InputError(
          "config-not-text",
          `${path} is no configuration file: it is too long, or a device`,
          "name a YAML file",
        );
      }
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    throw thrown instanceof InputError ? thrown : readError(path, thrown);
  }
}

const ORDER: readonly string[] = [
  ...[
    "dataset",
    "model",
    "hidden",
    "activation",
    "batch",
    "micro-batches",
    "schedule",
    "epochs",
    "max-steps",
    "seed",
    "no-shuffle",
  ],
  ...[
    "optimizer",
    "lr",
    "weight-decay",
    "clip-norm",
    "ranks",
    "layout",
    "numerics",
    "allreduce",
    "fma",
    "on-nonfinite",
    "collective-timeout",
  ],
];

/**
 * The settings as a file that `readConfigFile` reads back to the same job; a comment says where each came from. Hosts stand for
 * the number of ranks, and a layout of slices or stages does, too.
 */
export function formatConfig(
  settings: Settings,
  origins: Readonly<Record<keyof Settings, Origin>>,
  placement: Placement = defaultPlacement(),
): string {
  const lines = ["# What this run was trained with. `lockstep train` with this file trains it again."];
  for (const key of ORDER) {
    const isGrid = settings.layout.tp * settings.layout.pp > 1;
    if (key === "ranks" && (placement.hosts !== null || isGrid)) continue;
    if (key === "layout" && !isGrid) continue;
    const value = key === "layout" ? formatLayout(settings.layout) : settings[settingOf(key)];
    if (value === null || (settings.model !== "mlp" && ["hidden", "activation"].includes(key))) continue;
    const written = key === "no-shuffle" ? String(!value) : scalar(value);
    lines.push(`${key}: ${written}${origins[settingOf(key)] === "default" ? " # default" : ""}`);
  }
  const usual = defaultPlacement();
  for (const [key, field] of PLACEMENT_ORDER) {
    if (placement[field] !== usual[field]) lines.push(`${key}: ${scalar(placement[field])}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Not `hostfile`: the hosts that it named are written themselves. */
const PLACEMENT_ORDER: readonly (readonly [key: string, field: keyof Placement])[] = [
  ["hosts", "hosts"],
  ["ranks-per-process", "ranksPerProcess"],
  ["ssh", "ssh"],
  ["remote-dir", "remoteDir"],
  ["security", "security"],
];

function scalar(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : `[${value.join(", ")}]`;
  if (typeof value !== "string") return String(value);
  // JSON's strings are YAML's double-quoted ones; a plain word that YAML takes for something else is quoted too.
  return /^[a-z][a-z0-9-]*$/.test(value) && !["true", "false", "null"].includes(value)
    ? value
    : JSON.stringify(value);
}
