/** Faults on demand, for tests: LOCKSTEP_FAULT=kind:rank:step[:argument] (documented in CONTRIBUTING.md only). */
import { InputError } from "../base/errors.ts";
import type { Meetings } from "../program/execute.ts";

const KINDS = ["throw", "exit", "hang", "spin", "slow", "nan", "skip", "shape"] as const;
export type FaultKind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly rank: number;
  /** The step, counted from 1, before which it happens. */
  readonly step: number;
  readonly argument: number | null;
}

export function parseFault(text: string | undefined): Fault | null {
  if (!text) return null;
  const [kind, rank, step, argument] = text.split(":");
  const known = KINDS.find((name) => name === kind);
  if (!known || !(Number(rank) >= 0) || !(Number(step) >= 1))
    throw new InputError(
      "bad-fault",
      `LOCKSTEP_FAULT=${text} is not kind:rank:step`,
      `kinds are ${KINDS.join(", ")}`,
    );
  return {
    kind: known,
    rank: Number(rank),
    step: Number(step),
    argument: argument ? Number(argument) : null,
  };
}

/**
 * Lets the fault happen; returns of how many samples the rank does not know in this step. `poison` writes a NaN into the first
 * weight.
 */
export function inject({ kind, rank, step, argument }: Fault, poison: () => void): number {
  if (kind === "throw") throw new Error(`fault injected into rank ${rank} at step ${step}`);
  if (kind === "exit") process.exit(argument ?? 7);
  if (kind === "spin") for (;;);
  if (kind === "nan") poison();
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  if (kind === "slow") Atomics.wait(asleep, 0, 0, argument ?? 100);
  if (kind === "hang") for (;;) Atomics.wait(asleep, 0, 0, 1000);
  return kind === "shape" ? (argument ?? 1) : 0;
}

/**
 * The meetings of a rank that skips one while `isDue`: the first by which others get what it has made, or with `skipped` = 2, 3 …
 * a later one. That is a transfer where there are other processes, else a barrier.
 */
export function skipOne(
  meetings: Meetings,
  skipped: number,
  hasOthers: boolean,
  isDue: () => boolean,
): Meetings {
  const kind = hasOthers ? "start" : "barrier";
  const meet = meetings[kind];
  let met = 0;
  return {
    ...meetings,
    [kind]: (subject: number) => {
      if (!isDue() || ++met !== skipped) meet(subject);
    },
  };
}
