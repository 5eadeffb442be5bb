/** Finds what an earlier run left: its configuration, how it ended, and its newest checkpoint. */
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readConfigFile } from "../base/config-file.ts";
import { InputError } from "../base/errors.ts";
import { readError } from "../base/file-error.ts";
import { type CheckedLayer, checkLayer } from "../base/layer.ts";
import { checkpointStep } from "./checkpoint-name.ts";
import { isAlive, readStatus, type Status } from "./status.ts";

export interface EarlierRun {
  /** The run's folder; null for a checkpoint outside of one. */
  readonly path: string | null;
  /** Its settings; null for a checkpoint outside of a run folder. */
  readonly config: CheckedLayer | null;
  readonly status: Status | null;
  /** True while another process is training it. */
  readonly alive: boolean;
  /** Path of the checkpoint asked for, or the newest. */
  readonly checkpoint: string;
}

/** Opens a run folder (also through `runs/latest`) or one checkpoint. Throws an InputError that says what is there instead. */
export async function openRun(path: string): Promise<EarlierRun> {
  const real = realPath(path);
  if (!statSync(real).isDirectory()) return openCheckpoint(path, real);
  if (!existsSync(join(real, "config.yaml"))) throw notARun(path, real);
  return openFolder(real, newestCheckpoint(path, real));
}

/** The folder of a run, also of one without a checkpoint. Throws an InputError that says what is there instead. */
export function findRunFolder(path: string): string {
  const real = realPath(path);
  if (!statSync(real).isDirectory())
    throw new InputError("not-a-run", `${path} is a file, not a run folder`, "name a folder below runs/");
  if (!existsSync(join(real, "config.yaml"))) throw notARun(path, real);
  return real;
}

async function openFolder(folder: string, checkpoint: string): Promise<EarlierRun> {
  const config = checkLayer(await readConfigFile(join(folder, "config.yaml"), "run"));
  const status = readStatus(folder);
  return { path: folder, config, status, alive: status !== null && isAlive(status), checkpoint };
}

async function openCheckpoint(path: string, file: string): Promise<EarlierRun> {
  if (!file.endsWith(".safetensors")) {
    throw new InputError(
      "not-a-run",
      `${path} is neither a run folder nor a .safetensors checkpoint`,
      "name a folder below runs/",
    );
  }
  const folder = dirname(dirname(file));
  const inRun = basename(dirname(file)) === "checkpoints" && existsSync(join(folder, "config.yaml"));
  if (inRun) return openFolder(folder, file);
  return { path: null, config: null, status: null, alive: false, checkpoint: file };
}

function newestCheckpoint(path: string, folder: string): string {
  const names = list(join(folder, "checkpoints"));
  const newest = names
    .map((name) => ({ name, step: checkpointStep(name) }))
    .filter((file) => file.step !== null)
    .reduce<{ name: string; step: number | null } | null>(
      (best, file) => (best === null || file.step! > best.step! ? file : best),
      null,
    );
  if (newest !== null) return join(folder, "checkpoints", newest.name);
  const state = readStatus(folder)?.status;
  const how = state === undefined ? "it has no status.json either" : `its status is ${state}`;
  const what = names.length === 0 ? "" : `; checkpoints/ holds ${some(names)}`;
  throw new InputError(
    "no-checkpoint",
    `${path} has no checkpoint yet: ${how}${what}`,
    "train it for an epoch, or name another run",
  );
}

function notARun(path: string, folder: string): InputError {
  const names = list(folder);
  const runs = names.filter((name) => existsSync(join(folder, name, "config.yaml")));
  const what = names.length === 0 ? "it is empty" : `it holds ${some(names)}, but no config.yaml`;
  const fix =
    runs.length === 0 ? "name a folder below runs/" : `name a run in it, such as ${join(path, runs.at(-1)!)}`;
  return new InputError("not-a-run", `${path} is not a run folder: ${what}`, fix);
}

function some(names: readonly string[]): string {
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (thrown) {
    const runs = resolve("runs");
    const names = list(runs).filter(
      (name) => name !== "latest" && existsSync(join(runs, name, "config.yaml")),
    );
    const error = readError(path, thrown);
    const fix =
      names.length > 0 ? `name a run, such as runs/${names.at(-1)}` : "train one first: `lockstep train`";
    throw new InputError("no-such-run", error.message, fix, thrown);
  }
}
