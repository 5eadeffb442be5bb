/** Links between processes, as those see them who use them: messages in order, each put where its receiver wants it. */
import type { LockstepError } from "../base/errors.ts";

export interface Message {
  /** u32: which transfer. */
  readonly channel: number;
  /** u32: at which execution; counts up for ever, mod 2³². */
  readonly sequence: number;
  /** u16, the application's. */
  readonly flags: number;
  /** Usually a view on shared memory; must not change until `sent`. */
  readonly bytes: Uint8Array;
}

export interface Arrival {
  readonly peer: number;
  readonly channel: number;
  readonly sequence: number;
  readonly flags: number;
  /** Of the whole message. */
  readonly bytes: number;
}

/** Whoever receives. All calls on the main thread. */
export interface Inbox {
  /**
   * Where a message goes, asked when its first frame is read; null: not yet, ask again when resume() is called. Throws a
   * LockstepError for a message that must not come: the link then fails with it.
   */
  place(arrival: Arrival): Uint8Array | null;
  arrived(arrival: Arrival): void;
  /** Once: the first failure of any link; everything is closed after it. */
  failed(error: LockstepError): void;
}

/** Why a process stops. */
export interface AbortReport {
  readonly rank: number;
  readonly host: string;
  readonly step: number;
  readonly operation: string;
  readonly reason: string;
}

export interface Transport {
  readonly self: number;
  readonly peers: readonly number[];
  /** Queued in order per peer; zero-length messages are legal. */
  send(peer: number, message: Message, sent: () => void): void;
  resume(): void;
  /** Tells all peers why this process stops, best effort, then closes. */
  abort(report: AbortReport): void;
  /** Drains: BYE after the last message, waits for the peers' BYE with a deadline, closes. */
  close(): Promise<void>;
  readonly statistics: Readonly<Record<string, number>>;
}
