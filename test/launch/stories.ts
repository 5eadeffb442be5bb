/** `lockstep train` on several processes, for stories in which some of them die; nobody outlives the test. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Child } from "../cli/child.ts";

/** A story that hangs is ended; the limit is far above what it takes. */
const GUARD_MS = 90_000;

/** Trains on the tiny data set of `workplace`: 30 steps an epoch. */
export const TRAIN_ANY = ["train", "--dataset", "./data", "--batch", "20", "--lr", "0.5"];
export const TRAIN = [...TRAIN_ANY, "--hidden", "8"];

export class Launched extends Child {
  readonly #folder: string;

  constructor(
    t: ExecutionContext,
    folder: string,
    argv: readonly string[],
    environment: Record<string, string> = {},
  ) {
    super(folder, argv, { TMPDIR: temporary(folder), ...environment });
    this.#folder = folder;
    t.timeout(2 * GUARD_MS);
    const guard = setTimeout(() => {
      t.fail(`it went on for ${GUARD_MS / 1000} s, and was ended: ${this.stderr}`);
      this.#endAll();
    }, GUARD_MS);
    t.teardown(() => {
      clearTimeout(guard);
      this.#endAll();
    });
  }

  /** Resolves once steps have been taken; rejects if it ends before. */
  async trains(runDir: string): Promise<void> {
    const metrics = join(this.#folder, runDir, "metrics.jsonl");
    let isOver = false;
    void this.ended.then(() => {
      isOver = true;
    });
    while (size(metrics) === 0) {
      if (isOver) throw new Error(`it ended: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #endAll(): void {
    for (const { pid } of running(this.#folder)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone meanwhile.
      }
    }
  }
}

/** Where the processes of a story keep what only they may see. */
export function temporary(folder: string): string {
  const path = join(folder, "temporary");
  mkdirSync(path, { recursive: true });
  return path;
}

export interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes that work in `folder`, once they are none, or after `waitMs`. */
export async function processesOf(folder: string, waitMs = 0): Promise<Running[]> {
  for (const end = performance.now() + waitMs; performance.now() < end; ) {
    if (running(folder).length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return running(folder);
}

function running(folder: string): Running[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const pid = Number(name);
      if (!(pid > 0) || pid === process.pid || readlinkSync(`/proc/${name}/cwd`) !== folder) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const parent = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]);
      return command === "" ? [] : [{ pid, parent, command }]; // What has died has no words.
    } catch {
      return [];
    }
  });
}

function size(path: string): number {
  try {
    return readFileSync(path).length;
  } catch {
    return 0;
  }
}
