/**
 * What a process that does not end well leaves of its last transfers: a file in the folder of its host, where whoever started it
 * looks for it. The main thread writes it when it ends the process; while it is stuck, the guard does (launch/guard.ts).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FlightLog, writeFlights } from "../profile/flight-report.ts";
import type { Guard } from "./guard.ts";
import { LONGEST_PAYLOAD_BYTES } from "./pipe.ts";

const placeOf = (folder: string, pid: number): string => join(folder, `${pid}-flight.json`);

/** Of this process, from when its links open. */
export function keepFlights(folder: string, log: FlightLog, guard: Guard, why: () => string): void {
  const path = placeOf(folder, process.pid);
  guard.watchFlights({ path, log });
  process.on("exit", (code) => {
    if (code !== 0) tryTo(() => writeFlights(path, log, why()));
  });
}

/** Of a process of this host that has ended; null: it left none. */
export function flightsOf(folder: string, pid: number): Uint8Array | null {
  const bytes = tryTo(() => readFileSync(placeOf(folder, pid)));
  return bytes && bytes.length <= LONGEST_PAYLOAD_BYTES ? bytes : null;
}

/** Nobody's last words are worth another failure. */
function tryTo<Result>(act: () => Result): Result | null {
  try {
    return act();
  } catch {
    return null;
  }
}
