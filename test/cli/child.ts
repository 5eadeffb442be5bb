/** Runs `lockstep` as a process of its own, on a tiny data set, for the stories of the command line. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { idxBytes, writeFiles } from "../data/tiny-idx.ts";
import { temporaryFolder } from "../temporary-folder.ts";

export const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The objects of --json. */
  readonly objects: Record<string, unknown>[];
}

/** A child whose output is collected; `said` resolves when stderr matches. */
export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(
    folder: string,
    argv: readonly string[],
    environment: Record<string, string> = {},
    command = process.execPath,
  ) {
    const words = command === process.execPath ? [MAIN, ...argv] : argv;
    const env = { ...process.env, NO_COLOR: "1", ...environment };
    this.process = spawn(command, words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.on("data", (text) => {
      this.stdout += text;
    });
    this.process.stderr?.on("data", (text) => {
      this.stderr += text;
    });
    this.ended = this.#end();
  }

  async #end(): Promise<Ended> {
    const [exitCode, signal] = await once(this.process, "close");
    const lines = this.stdout.split("\n").filter((line) => line.startsWith("{"));
    return {
      exitCode,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
      objects: lines.map((line) => JSON.parse(line)),
    };
  }

  async said(words: RegExp): Promise<void> {
    while (!words.test(this.stderr)) await Promise.race([once(this.process.stderr!, "data"), this.ended]);
  }
}

export function lockstep(folder: string, ...argv: string[]): Promise<Ended> {
  return new Child(folder, argv).ended;
}

/** Trains on the tiny data set of `workplace`: 30 steps an epoch. */
export const TINY = [
  "train",
  "--dataset",
  "./data",
  "--hidden",
  "8",
  "--batch",
  "20",
  "--lr",
  "0.5",
  "--ranks",
  "2",
];

/** A folder of the test's own with a tiny data set in data/. */
export function workplace(t: ExecutionContext, samples = 600): string {
  const folder = realpathSync(temporaryFolder(t));
  mkdirSync(join(folder, "data"));
  writeTinyData(join(folder, "data"), samples);
  return folder;
}

export function json(...path: string[]) {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}

/** So many + 100 images of 4 × 4 pixels; the label is where the light is. */
function writeTinyData(folder: string, samples: number): void {
  const half = (count: number, name: string) => {
    const labels = Uint8Array.from({ length: count }, (_, i) => (i * 7) % 4);
    const pixels = Uint8Array.from(
      { length: count * 16 },
      (_, i) => ((i * 37) % 101) + (labels[i >> 4] === i % 4 ? 120 : 0),
    );
    return {
      [`${name}-images-idx3-ubyte`]: idxBytes([count, 4, 4], pixels),
      [`${name}-labels-idx1-ubyte`]: idxBytes([count], labels),
    };
  };
  writeFiles(folder, { ...half(samples, "train"), ...half(100, "t10k") });
}
