/** Processes in one: their links run over wires in memory, and time moves only when a test says so. */
import type { LockstepError } from "../../src/base/errors.ts";
import { Links, type LinksOptions } from "../../src/transport/links.ts";
import { type Faults, Loopback, type LoopbackOptions } from "../../src/transport/loopback.ts";
import { PATIENCE } from "../../src/transport/patience.ts";
import type { Arrival, Inbox } from "../../src/transport/transport.ts";
import type { Wire } from "../../src/transport/wire.ts";

export interface Received {
  readonly peer: number;
  readonly channel: number;
  readonly sequence: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

/** Keeps what arrives, as it was when it arrived. */
export class KeepingInbox implements Inbox {
  readonly received: Received[] = [];
  readonly failures: LockstepError[] = [];
  isHolding = false;
  /** Throws for what must not come. */
  judge: (arrival: Arrival) => void = () => {};
  heed: () => void = () => {};
  #place: Uint8Array = new Uint8Array();

  place(arrival: Arrival): Uint8Array | null {
    this.judge(arrival);
    if (this.isHolding) return null;
    this.#place = new Uint8Array(new SharedArrayBuffer(arrival.bytes));
    return this.#place;
  }

  arrived({ peer, channel, sequence, flags }: Arrival): void {
    this.received.push({ peer, channel, sequence, flags, bytes: Uint8Array.from(this.#place) });
    this.heed();
  }

  failed(error: LockstepError): void {
    this.failures.push(error);
  }
}

export interface Team {
  readonly loopback: Loopback;
  readonly inboxes: readonly KeepingInbox[];
  readonly warnings: string[];
  /** What opening came to, by process. */
  readonly opened: readonly PromiseSettledResult<Links>[];
  readonly links: readonly Links[];
  /** Time goes on, ms by ms, and promises are kept meanwhile. */
  pass(ms: number): Promise<void>;
}

export interface TeamOptions extends LoopbackOptions {
  readonly count?: number;
  readonly all?: Partial<LinksOptions>;
  readonly odd?: (self: number, loopback: Loopback) => Partial<LinksOptions>;
  /** While the links open. */
  readonly greetingFaults?: Faults;
}

const PATIENCE_HERE = { ...PATIENCE, greetMs: 3000 };

export async function openTeam({
  count = 2,
  all,
  odd,
  greetingFaults = {},
  ...options
}: TeamOptions = {}): Promise<Team> {
  const loopback = new Loopback(options);
  loopback.faults = greetingFaults;
  const inboxes = Array.from({ length: count }, () => new KeepingInbox());
  const wires = inboxes.map(() => new Map<number, Wire>());
  for (let lower = 0; lower < count; lower++)
    for (let upper = lower + 1; upper < count; upper++) {
      const [one, other] = loopback.wires();
      wires[lower].set(upper, one);
      wires[upper].set(lower, other);
    }
  const warnings: string[] = [];
  const opening = inboxes.map((inbox, self) =>
    Links.open({
      ...{ self, inbox, names: inboxes.map((_, index) => `process ${index}`), wires: wires[self] },
      ...{ run: 0x1234_5678_9abc_def0n, runKey: Buffer.alloc(32, 7), digest: { seed: "1" }, clock: loopback },
      ...{ addresses: new Map(), security: "auth", patience: PATIENCE_HERE },
      warn: (message) => warnings.push(`${self}: ${message}`),
      ...all,
      ...odd?.(self, loopback),
    }),
  );
  const settled = Promise.allSettled(opening);
  let opened: PromiseSettledResult<Links>[] = [];
  settled.then((results) => {
    opened = results;
  });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      loopback.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  while (opened.length < count && loopback.now() < 5000) await pass(1);
  opened = await settled;
  await pass(1);
  const links = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  return { loopback, inboxes, warnings, opened, links, pass };
}

/** Bytes that tell where they belong. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17 + seed * 101) & 255);
}

/** Small ones, so that messages are of several. */
export const FRAME_BYTES = 1000;
export const SMALL = { frameBytes: FRAME_BYTES, windowBytes: 4 * FRAME_BYTES };

/** Sends messages of these lengths from process 0 to process 1; how many were sent so far. */
export function sendAll({ links }: Team, lengths: readonly number[]): { sent: number } {
  const count = { sent: 0 };
  for (const [index, length] of lengths.entries())
    links[0].send(
      1,
      { channel: index * 1000, sequence: index, flags: index % 7, bytes: pattern(length, index) },
      () => count.sent++,
    );
  return count;
}

/** What process 1 receives of it. */
export function expected(lengths: readonly number[]) {
  return lengths.map((length, index) => ({
    ...{ peer: 0, channel: index * 1000, sequence: index, flags: index % 7, bytes: pattern(length, index) },
  }));
}
