/** What moves messages between processes. It knows nothing of tensors, ranks or training. */
import type { LockstepError } from "../base/errors.ts";

export interface Message {
  /** What is sent, by a number that both sides know. */
  readonly channel: number;
  /** For the how manieth time; counts up for ever, modulo 2³². */
  readonly sequence: number;
  /** 16 bits of the application's. */
  readonly flags: number;
  /** Less than 4 GiB, usually a view of shared memory; must not change until it was sent. */
  readonly bytes: Uint8Array;
}

/** One object, filled anew for every call: who wants to keep it copies it. */
export interface Arrival {
  readonly peer: number;
  readonly channel: number;
  readonly sequence: number;
  readonly flags: number;
  /** Of the whole message. */
  readonly bytes: number;
}

/** Whoever receives. All calls on the main thread, and none but `failed` before the transport is open. */
export interface Inbox {
  /**
   * Where a message goes, exactly as long as it is, asked when its first frame is read; null: not yet, ask again when
   * resume() is called; until then its frames are kept, and the sender runs out of credit. Throws a LockstepError for a
   * message that must not come: the link fails with it.
   */
  place(arrival: Arrival): Uint8Array | null;
  arrived(arrival: Arrival): void;
  /** Once: the first failure of any link. The other peers are told, and everything is closed after it. */
  failed(error: LockstepError): void;
}

/** Why a process stops, for the others. */
export interface AbortReport {
  readonly code: string;
  readonly message: string;
  readonly rank?: number;
  readonly host?: string;
  readonly step?: number;
}

export interface Transport {
  readonly self: number;
  readonly peers: readonly number[];
  /** In order per peer; calls `sent` when the bytes may change again. Messages of no bytes are legal. */
  send(peer: number, message: Message, sent: () => void): void;
  resume(): void;
  /** Tells all peers why this process stops, best effort, then closes; close() resolves when that is done. */
  abort(report: AbortReport): void;
  /** After the last message: waits, with a deadline, until all peers have said that they are done, too; then closes. */
  close(): Promise<void>;
}
