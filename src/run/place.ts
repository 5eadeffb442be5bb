/** Where a run's folder goes, and the folder itself: made new, or found empty. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../base/errors.ts";
import { errnoOf, writeError } from "../base/file-error.ts";

/** File systems of the kernel: nothing that a run writes can stay there. */
const NOT_FOR_FILES = ["/proc", "/sys", "/dev"];
const CHOOSE = "choose another folder with --run-dir";

export interface Place {
  readonly path: string;
  /** Folders that were made for it, the outermost first; to be undone if the run never starts. */
  readonly made: readonly string[];
}

/** "2026-11-23_15-20-01-mnist-mlp", in local time. `dataset` and `model` may be paths. */
export function runName(dataset: string, model: string, now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  return `${day}_${time}-${word(dataset)}-${word(model.replace(/\.[mc]?[jt]s$/, ""))}`;
}

function word(path: string): string {
  return (
    basename(path)
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[.-]+|-+$/g, "")
      .slice(0, 60) || "x"
  );
}

/** A new folder below `parent`; if the name is taken, with the first free of -2, -3, … */
export function placeBelow(parent: string, name: string): Place {
  const outer = makeFolder(resolve(parent));
  for (let attempt = 1; ; attempt++) {
    const path = join(resolve(parent), attempt === 1 ? name : `${name}-${attempt}`);
    try {
      mkdirSync(path);
      return { path, made: [...outer, path] };
    } catch (thrown) {
      if (errnoOf(thrown) === "EEXIST") continue;
      undo(outer);
      throw placeError(path, thrown);
    }
  }
}

/** The folder that the user named: made, or taken if it is empty. */
export function placeAt(path: string): Place {
  const folder = resolve(path);
  if (existsSync(folder) && statSync(folder).isDirectory() && readdirSync(folder).length > 0) {
    const isRun = existsSync(join(folder, "config.yaml"));
    const fix = isRun ? `${CHOOSE}, or continue the run in it with --resume ${path}` : CHOOSE;
    throw new InputError("run-dir-not-empty", `${path} is not empty`, fix);
  }
  return { path: folder, made: makeFolder(folder) };
}

/** Removes what was made for a run that never started. Never removes what it did not make, or an outer folder in use. */
export function removePlace({ path, made }: Place): void {
  if (made.includes(path)) rmSync(path, { recursive: true, force: true });
  else for (const entry of readdirSync(path)) rmSync(join(path, entry), { recursive: true, force: true });
  undo(made.filter((folder) => folder !== path));
}

function undo(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      return; // Another run has moved in.
    }
  }
}

/** mkdir -p, one by one (Node's own loops for ever in /proc); returns the folders that it made, the outermost first. */
function makeFolder(folder: string): string[] {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    if (missing.length === 0) readdirSync(folder);
    for (const path of missing) if (makeOne(path)) made.push(path);
    return made;
  } catch (thrown) {
    undo(made);
    throw placeError(folder, thrown);
  }
}

/** False if somebody else was faster. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === "EEXIST" && statSync(path).isDirectory()) return false;
    throw thrown;
  }
}

function placeError(path: string, thrown: unknown): Error {
  const kernel = NOT_FOR_FILES.find((root) => path === root || path.startsWith(`${root}/`));
  if (kernel !== undefined && !path.startsWith("/dev/shm/")) {
    return new InputError(
      "bad-run-dir",
      `cannot create ${path}: ${kernel} holds no files of users`,
      CHOOSE,
      thrown,
    );
  }
  if (["EEXIST", "ENOTDIR"].includes(errnoOf(thrown) ?? "")) {
    const file = fileInTheWay(path);
    return new InputError(
      "bad-run-dir",
      `cannot create ${path}: ${file} is a file, not a folder`,
      CHOOSE,
      thrown,
    );
  }
  return writeError(path, thrown);
}

function fileInTheWay(path: string): string {
  let at = path;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return at;
}
