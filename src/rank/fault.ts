/** Faults on demand, for tests: LOCKSTEP_FAULT=kind:rank:step[:argument] (documented in CONTRIBUTING.md only). */
import { InputError } from "../base/errors.ts";
import type { Kernels } from "../kernels/abi.ts";
import type { Meetings } from "../program/execute.ts";

const KINDS = [
  "throw",
  "exit",
  "hang",
  "spin",
  "slow",
  "nan",
  "flip",
  "skip",
  "shape",
  "delay",
  "drag",
] as const;
export type FaultKind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** −1: every rank. */
  readonly rank: number;
  /** The step, counted from 1, before which it happens. */
  readonly step: number;
  readonly argument: number | null;
}

const EVERY = "*";

/** Whether a fault is a rank's. */
export const concerns = (fault: Fault, rank: number): boolean => fault.rank === rank || fault.rank === -1;

export function parseFault(text: string | undefined): Fault | null {
  if (!text) return null;
  const [kind, rank, step, argument] = text.split(":");
  const known = KINDS.find((name) => name === kind);
  if (!known)
    throw new InputError(
      "bad-fault",
      `LOCKSTEP_FAULT=${text}: ${kind} is no kind of fault`,
      `kinds are ${KINDS.join(", ")}`,
    );
  if (!(rank === EVERY || Number(rank) >= 0) || !(Number(step) >= 1))
    throw new InputError(
      "bad-fault",
      `LOCKSTEP_FAULT=${text} is not kind:rank:step`,
      "give a rank from 0 (or *) and a step from 1, such as throw:1:5",
    );
  return {
    kind: known,
    rank: rank === EVERY ? -1 : Number(rank),
    step: Number(step),
    argument: argument ? Number(argument) : null,
  };
}

const NAN_BITS = 0x7fc00000;

/**
 * Lets the fault happen; returns of how many samples the rank does not know in this step. `weight` has the bits of the first
 * weight.
 */
export function inject({ kind, rank, step, argument }: Fault, weight: Uint32Array): number {
  if (kind === "throw") throw new Error(`fault injected into rank ${rank} at step ${step}`);
  if (kind === "exit") process.exit(argument ?? 7);
  if (kind === "spin") for (;;);
  if (kind === "nan") weight[0] = NAN_BITS;
  if (kind === "flip") weight[0] ^= 1 << (argument ?? 0);
  const asleep = new Int32Array(new SharedArrayBuffer(4));
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

/** The meetings of a rank that, while `isDue`, sleeps a while before each: from no time to `longestMs`, drawn from `seed`. */
export function delayEach(
  meetings: Meetings,
  longestMs: number,
  seed: number,
  isDue: () => boolean,
): Meetings {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  let drawn = seed;
  const delayed = (meet: (subject: number) => void) => (subject: number) => {
    drawn = (Math.imul(drawn, 1664525) + 1013904223) >>> 0;
    if (isDue()) Atomics.wait(asleep, 0, 0, (drawn / 2 ** 32) * longestMs);
    meet(subject);
  };
  const entries = Object.entries(meetings).map(([kind, meet]) => [kind, delayed(meet)] as const);
  return Object.fromEntries(entries) as Meetings;
}

type Kernel = (...integers: number[]) => unknown;

function wrapEach(kernels: Kernels, wrap: (kernel: Kernel) => Kernel): Kernels {
  const entries = Object.entries(kernels).map(([name, kernel]) => [name, wrap(kernel)] as const);
  return Object.fromEntries(entries) as unknown as Kernels;
}

/** The kernels of a rank each of whose calls, while `isDue`, takes so many per cent longer: a slower core. */
export const dragEach = (kernels: Kernels, percent: number, isDue: () => boolean): Kernels =>
  wrapEach(kernels, (kernel) => (...integers) => {
    const begunMs = performance.now();
    const result = kernel(...integers);
    const endedMs = performance.now();
    const untilMs = isDue() ? endedMs + (endedMs - begunMs) * (percent / 100) : 0;
    while (performance.now() < untilMs);
    return result;
  });

/** The kernels of a rank that, at its first call while `isDue`, sleeps so many ms: a core that others have for a while. */
export function pauseOnce(kernels: Kernels, ms: number, isDue: () => boolean): Kernels {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  let hasSlept = false;
  return wrapEach(kernels, (kernel) => (...integers) => {
    if (!hasSlept && isDue()) {
      hasSlept = true;
      Atomics.wait(asleep, 0, 0, ms);
    }
    return kernel(...integers);
  });
}
