/** What processes left of their last transfers in the logs of a run. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Flight } from "../../src/profile/flight-report.ts";
import { json } from "../cli/child.ts";

interface Report {
  readonly process: number;
  readonly name: string;
  readonly why: string;
  readonly operations: readonly string[];
  readonly flights: readonly Flight[];
}

export const flightFiles = (folder: string): string[] =>
  readdirSync(join(folder, "out", "logs")).filter((name) => name.startsWith("flight-"));

/** Of one of two processes; fails unless its last transfers have names, and the last of all is of one of these steps. */
export function reportOf(
  t: ExecutionContext,
  folder: string,
  process: number,
  steps?: readonly number[],
): Report {
  const report = json(folder, "out", "logs", `flight-${process}.json`) as unknown as Report;
  t.is(report.process, process);
  t.true(report.flights.length > 0 && report.flights.length <= 2000);
  const last = report.flights.at(-1) as Flight;
  if (steps !== undefined) t.true(steps.includes(last.step), `step ${last.step}`);
  for (const { way, channel, number, begun } of report.flights.slice(-10)) {
    const sender = way === "out" ? process : 1 - process;
    // All send their fingerprint by one channel, the last.
    const isFingerprint = channel === report.operations.length - 1;
    const name = isFingerprint ? /^fingerprint of the weights$/ : new RegExp(` of process ${sender}$`);
    t.regex(report.operations[channel], name, `transfer ${number}`);
    t.regex(begun as string, /^\d{4}-\d\d-\d\dT/);
  }
  return report;
}
