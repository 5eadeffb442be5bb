/** A host as the launcher sees it: it starts processes there, talks to them, and hears of them; whatever the way. */
import type { LockstepError } from "../base/errors.ts";
import type { AgentHello, Down, Up } from "./messages.ts";

/** What is heard from a host. `process` is the index in the world. */
export interface HostEvents {
  message(process: number, message: Up, payload: Uint8Array): void;
  /** A line that the process printed. */
  output(process: number, line: string): void;
  /** Of a process that did not end well, before that is told: its last transfers, as a file. */
  flights(process: number, bytes: Uint8Array): void;
  /** Once a process, after all its messages. */
  ended(process: number, code: number | null, signal: string | null): void;
  /** Once: nothing more will come from there. */
  lost(error: LockstepError): void;
}

export interface ProcessHost {
  /** IP addresses of the launcher and of the host, as each can reach the other; null: this machine, or not known. */
  readonly way: AgentHello["way"];
  /** Resolves when processes can be started there. */
  open(): Promise<void>;
  start(processes: readonly number[]): void;
  send(process: number, message: Down, payload?: Uint8Array): void;
  /** Many messages in a row, made one by one as the host takes them. */
  sendAll(process: number, messages: Iterable<readonly [message: Down, payload: Uint8Array]>): void;
  /** All processes there end at once. */
  kill(): void;
  /** The way there is closed, and what is still there ends; resolves when this side is done. */
  close(): Promise<void>;
}
