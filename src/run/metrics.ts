/** metrics.jsonl: one object a line, only ever appended; a sample of the steps, and every epoch. */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import { readError, writeError } from "../base/file-error.ts";

/** Every so many steps one is recorded. */
const STEP_INTERVAL = 10;

export interface StepMetrics {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly stepMs: number;
}

export class Metrics {
  readonly path: string;
  readonly #descriptor: number;
  #pending = "";

  constructor(path: string) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, "a");
    } catch (thrown) {
      throw writeError(path, thrown);
    }
  }

  /** Losses and times (ms) of consecutive steps, the first of which is number `firstStep`, counted from 1. */
  steps(
    firstStep: number,
    losses: ArrayLike<number>,
    stepMs: ArrayLike<number>,
    stepsPerEpoch: number,
  ): void {
    for (let index = 0; index < losses.length; index++) {
      const step = firstStep + index;
      if (step % STEP_INTERVAL !== 0 && step !== 1) continue;
      this.#line({
        step,
        epoch: Math.ceil(step / stepsPerEpoch),
        loss: losses[index],
        stepMs: round(stepMs[index]),
      });
    }
    if (this.#pending.length > 1 << 14) this.flush();
  }

  /** An epoch's record, on disk when this returns. */
  epoch(record: object): void {
    this.#line(record);
    this.flush();
  }

  /** Appends what is pending. If the disk refuses, the file keeps whole lines only, and an EnvironmentError is thrown. */
  flush(): void {
    if (this.#pending === "") return;
    const wholeBytes = fstatSync(this.#descriptor).size;
    try {
      writeFully(this.#descriptor, Buffer.from(this.#pending));
    } catch (thrown) {
      ftruncateSync(this.#descriptor, wholeBytes);
      throw writeError(this.path, thrown);
    } finally {
      this.#pending = "";
    }
  }

  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #line(record: object): void {
    this.#pending += `${JSON.stringify(record)}\n`;
  }
}

/**
 * Drops what a resumed run will record again: steps after `step`, epochs from the first unfinished one on, and a half line
 * at the end. Epochs are records without `step`; `finishedEpochs` of them stay.
 */
export function rewindMetrics(path: string, step: number, finishedEpochs: number): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    throw readError(path, thrown);
  }
  const kept = text.split("\n").filter((line) => {
    const record = parsed(line);
    if (record === null) return false;
    return record.step === undefined ? Number(record.epoch) <= finishedEpochs : Number(record.step) <= step;
  });
  const bytes = Buffer.from(kept.map((line) => `${line}\n`).join(""));
  writeAtomically(path, (descriptor) => writeFully(descriptor, bytes));
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === "object" && record !== null ? (record as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Microseconds are as fine as the clock. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
