/** What processes left of their last transfers in the logs of a run. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { WrittenFlight } from "../../src/profile/flight-report.ts";
import { json } from "../cli/child.ts";

interface Report {
  readonly process: number;
  readonly name: string;
  readonly why: string;
  readonly flights: readonly WrittenFlight[];
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
  const last = report.flights.at(-1) as WrittenFlight;
  if (steps !== undefined) t.true(steps.includes(last.step), `step ${last.step}`);
  const measuring = steps === undefined ? "|measuring of the links" : "";
  for (const { way, what, number, begun } of report.flights.slice(-10)) {
    const sender = way === "out" ? process : 1 - process;
    t.regex(what, RegExp(`^(fingerprint of the weights|.* of process ${sender}${measuring})$`), `${number}`);
    t.regex(begun as string, /^\d{4}-\d\d-\d\dT/);
  }
  return report;
}
