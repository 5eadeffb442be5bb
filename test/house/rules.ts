/** The rules of the house, each a function from all files (path → text) to a list of what breaks it. */
import { posix } from "node:path";
import { blank, functionsOf, importsOf } from "./source-text.ts";

export type Files = ReadonlyMap<string, string>;

/** A file may import its own room, or rooms of strictly lower floors. */
export const FLOORS: Readonly<Record<string, number>> = {
  "index.ts": 12,
  cli: 12,
  "train.ts": 10,
  "evaluate.ts": 10,
  launch: 11,
  report: 11,
  job: 9,
  bench: 9,
  rank: 8,
  plan: 7,
  program: 6,
  parallel: 5,
  nn: 5,
  data: 5,
  checkpoint: 5,
  run: 5,
  graph: 4,
  collective: 3,
  kernels: 2,
  schedule: 2,
  transport: 2,
  profile: 1,
  base: 1,
};
/** Below it, nothing waits for the event loop. */
const FIRST_ASYNC_FLOOR = 8;
/** The room of lower floors whose business is waiting for other processes. */
const WAITING_ROOM = "transport";
/** Files of lower floors that may wait all the same, and why. */
const MAY_WAIT: Readonly<Record<string, string>> = {
  "src/base/config-file.ts": "loads the YAML parser only when there is a file to parse",
  "src/run/open.ts": "reads a run's config.yaml through it",
};
const LONGEST_FILE_LINES = 300;
const LONGEST_FUNCTION_LINES = 70;
const EMPTY_NAMES = /^(?:utils?|helpers?|common|types?|managers?|misc)$/;

/** "data" for src/data/idx.ts, "train.ts" for src/train.ts. */
function roomOf(path: string): string {
  return path.split("/")[1];
}

function inFolder(files: Files, ...folders: string[]): [path: string, text: string][] {
  return [...files].filter(([path]) => folders.includes(path.split("/")[0]));
}

/** The files of the house that a file imports, by path; with `erased` also for their types alone. */
function neighbours(path: string, text: string, erased: boolean): string[] {
  const relative = importsOf(text, erased).filter((specifier) => specifier.startsWith("."));
  const resolved = relative.map((specifier) => posix.join(posix.dirname(path), specifier));
  return resolved.map((target) => (target.endsWith(".ts") ? target : `${target}.ts`));
}

export function roomsWithoutFloor(files: Files): string[] {
  const strangers = inFolder(files, "src").filter(([path]) => !Object.hasOwn(FLOORS, roomOf(path)));
  return strangers.map(([path]) => `${path}: the room ${roomOf(path)} is on no floor`);
}

export function importsUpOrSideways(files: Files): string[] {
  return inFolder(files, "src").flatMap(([path, text]) => {
    const room = roomOf(path);
    const bad = neighbours(path, text, true).filter((target) => {
      return (
        !target.startsWith("src/") || (roomOf(target) !== room && !(FLOORS[roomOf(target)] < FLOORS[room]))
      );
    });
    return bad.map((target) => `${path} (floor ${FLOORS[room]}) imports ${target}`);
  });
}

/** Re-exports anywhere but in src/index.ts. */
export function barrels(files: Files): string[] {
  const others = inFolder(files, "src").filter(([path]) => path !== "src/index.ts");
  return others
    .filter(([, text]) => /^export\b[^;=(]*\bfrom\s*["']/m.test(blank(text, true)))
    .map(([path]) => path);
}

/** Circles of imports, each as one path around it. Interfaces of a room may speak of each other (`import type`). */
export function cycles(files: Files): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(" → "));
    if (way.includes(path) || finished.has(path)) return;
    for (const next of neighbours(path, files.get(path) ?? "", false)) visit(next, [...way, path]);
    finished.add(path);
  };
  for (const [path] of inFolder(files, "src", "assembly")) visit(path, []);
  return found;
}

export function longFiles(files: Files): string[] {
  const sizes = [...files].map(([path, text]) => ({ path, lines: text.trimEnd().split("\n").length }));
  return sizes
    .filter(({ lines }) => lines > LONGEST_FILE_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

export function longFunctions(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const long = functionsOf(text).filter(({ lines }) => lines > LONGEST_FUNCTION_LINES);
    return long.map(({ header, line, lines }) => `${path}:${line}: ${lines} lines in ${header}`);
  });
}

/** A sentence says what the file is: a comment on its first line, with at least three words. */
export function filesWithoutOpening(files: Files): string[] {
  const silent = inFolder(files, "src", "assembly").filter(([, text]) => {
    const opening = /^(?:#!.*\n)?(?:\/\*\*([\s\S]*?)\*\/|((?:\/\/.*\n)+))/.exec(text);
    return ((opening?.[1] ?? opening?.[2] ?? "").match(/[\p{L}\p{N}]+/gu)?.length ?? 0) < 3;
  });
  return silent.map(([path]) => path);
}

export function emptyNames(files: Files): string[] {
  return [...files.keys()].filter((path) => path.split(/[/.]/).some((part) => EMPTY_NAMES.test(part)));
}

export function waitingOnSilentFloors(files: Files): string[] {
  const lower = inFolder(files, "src").filter(
    ([path]) => FLOORS[roomOf(path)] < FIRST_ASYNC_FLOOR && roomOf(path) !== WAITING_ROOM,
  );
  const waiting = lower.filter(([, text]) =>
    /\b(?:async|await)\b|\.then\(|\bPromise\b/.test(blank(text, true)),
  );
  return waiting.map(([path]) => path).filter((path) => !Object.hasOwn(MAY_WAIT, path));
}

export function anys(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const lines = blank(text, true).split("\n");
    const places = lines.flatMap((line, i) => (/[:<,|&(]\s*any\b|\bas any\b/.test(line) ? [i + 1] : []));
    return places.map((line) => `${path}:${line}`);
  });
}
