/** logs/train.log: what was said while training, with the time, also when nobody was listening. */
import { closeSync, openSync, writeSync } from "node:fs";
import { writeError } from "../base/file-error.ts";

export class RunLog {
  #descriptor: number | null;

  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, "a");
    } catch (thrown) {
      throw writeError(path, thrown);
    }
  }

  /** Appends a line, without its colours. A log is no reason to stop a run: what the disk refuses is dropped. */
  line(text: string): void {
    if (this.#descriptor === null) return;
    try {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
      writeSync(this.#descriptor, `${new Date().toISOString()} ${text.replace(/\x1b\[[0-9;]*m/g, "")}\n`);
    } catch {
      // Dropped.
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
