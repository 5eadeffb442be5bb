/** The results of training as people read them: a row an epoch, and a few lines at the end. */

import type { EpochRecord } from "../checkpoint/checkpoint.ts";
import type { TrainResult } from "../job/options.ts";
import { grouped, lossText, rate } from "./progress.ts";

export const EPOCH_HEADER = "epoch  seconds  train loss  test loss  accuracy";

export function epochRow({ epoch, seconds, trainLoss, testLoss, testAccuracy }: EpochRecord): string {
  const cells = [
    String(epoch),
    seconds.toFixed(2),
    lossText(trainLoss),
    lossText(testLoss),
    percent(testAccuracy),
  ];
  const widths = [5, 7, 10, 9, 8];
  return cells.map((cell, index) => cell.padStart(widths[index])).join("  ");
}

/** 97.53 %: exact for 10,000 samples. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Ends with the run's folder. An accuracy of other weights than these is told with its epoch. */
export function closingLines(
  result: Omit<TrainResult, "weights">,
  stepsPerEpoch: number,
  runDir: string,
): string[] {
  const last = result.epochs.at(-1);
  const rows: [string, string][] = [
    ["steps", grouped(result.steps)],
    ["samples/s", rate(result.samplesPerSecond)],
    ["step", `${milliseconds(result.stepMs.p50)} (p50)  ${milliseconds(result.stepMs.p95)} (p95)`],
    ["weights", result.weightsSha256 ?? "not finite"],
  ];
  if (last !== undefined) {
    const ofTheseWeights = last.epoch * stepsPerEpoch >= result.steps;
    const after = ofTheseWeights ? "" : ` after epoch ${last.epoch}`;
    rows.unshift(["accuracy", `${percent(last.testAccuracy)}${after}`]);
  }
  return ["", ...rows.map(([name, value]) => `${name.padEnd(10)} ${value}`), runDir];
}

/** Where an interrupted run stands, and the words to go on with. */
export function interruptedLine(steps: number, runDir: string): string {
  const word = /^[\w./@%+:=,-]+$/.test(runDir) ? runDir : `'${runDir.replaceAll("'", "'\\''")}'`;
  return `interrupted at step ${grouped(steps)}; go on with: lockstep train --resume ${word}`;
}

/** 0.412 ms, 85.3 ms, 6.03 s, 1,230 s. */
function milliseconds(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  if (ms < 999.5) return `${ms.toPrecision(3)} ms`;
  return ms < 999_500 ? `${(ms / 1000).toPrecision(3)} s` : `${grouped(ms / 1000)} s`;
}
