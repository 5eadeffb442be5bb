/** What goes through the control pipes, as data: down to a process or an agent, and up from it. */
import type { Placement, Settings } from "../base/config.ts";
import type { EpochRecord } from "../checkpoint/checkpoint.ts";
import type { Origin, Progress, StartInfo, TrainResult } from "../job/options.ts";
import type { TraceWindow } from "../profile/step-ring.ts";
import type { MachineFacts } from "../run/environment.ts";
import type { Distance } from "../transport/distance.ts";
import type { Endpoints } from "../transport/listening.ts";
import type { Inspection } from "./inspect.ts";

/** Both ends must speak the same. Raise it with every change of this file. */
export const PIPE_VERSION = 4;

/** What a process is to train; the run key comes as the payload. */
export interface JobWords {
  readonly type: "job";
  readonly self: number;
  readonly ranks: readonly number[];
  readonly hosts: readonly string[];
  /** What each process is called in messages to people. */
  readonly names: readonly string[];
  /** Of this launch, in hexadecimal: 64 bits. */
  readonly run: string;
  /** The IP address at which to listen for each process; null: no need, or a file in the folder of the host will do. */
  readonly listenAt: readonly (string | null)[];
  readonly settings: Settings;
  readonly origin: Origin;
  readonly security: Placement["security"];
  /** The checkpoint to go on from, as the user calls it: its bytes came before. */
  readonly resume: string | null;
  readonly keepsCheckpoints: boolean;
  /** null: nothing is traced; else the steps that were asked for, if any were. */
  readonly trace: { readonly steps?: TraceWindow } | null;
  /** LOCKSTEP_FAULT of the launcher. */
  readonly fault: string | null;
}

/** A process that is to measure its distance to another one, or to help it; a key of the two alone comes as the payload. */
export interface PairWords {
  readonly type: "pair";
  /** What comes of it is told with this number. */
  readonly id: number;
  /** 0 listens and measures, 1 dials and answers. */
  readonly self: 0 | 1;
  readonly names: readonly string[];
  readonly run: string;
  /** The IP address at which 0 listens for 1; null: a file in the folder of the host. */
  readonly listenAt: string | null;
  readonly security: Placement["security"];
  /** For 1: where 0 listens. 0 tells it, and hears "peers" when it is known. */
  readonly table: readonly Endpoints[] | null;
}

export type Down =
  /** First of all: a folder for this host's processes alone, which nobody else can enter; and who its parent is. */
  | { readonly type: "here"; readonly folder: string; readonly isAgent: boolean }
  | JobWords
  | PairWords
  /** Bytes of the checkpoint to go on from; they come before the job. */
  | { readonly type: "resume" }
  | { readonly type: "peers"; readonly table: readonly Endpoints[] }
  /** Finish the step, write a checkpoint, tell the result. */
  | { readonly type: "stop" }
  /** End now: the job is done, or another process failed. */
  | { readonly type: "leave" };

/** A failure as data. `kind` says which of our classes it was; `internal`: none. */
export interface FailureWords {
  readonly kind: "input" | "environment" | "rank" | "other" | "internal";
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly exitCode: number;
  readonly rank?: number;
  readonly host?: string;
  readonly step?: number;
  readonly operation?: string;
  readonly stack?: string;
}

export type ResultWords = Omit<TrainResult, "weights">;

export type Up =
  | { readonly type: "beat" }
  | ({ readonly type: "hello"; readonly version: number; readonly pid: number } & MachineFacts)
  | { readonly type: "listening"; readonly endpoints: Endpoints }
  | { readonly type: "started"; readonly info: StartInfo }
  | { readonly type: "progress"; readonly progress: Progress }
  /** The payload: losses, then as many durations in ms, as f64. */
  | { readonly type: "losses"; readonly firstStep: number }
  | { readonly type: "epoch"; readonly record: EpochRecord }
  | { readonly type: "warning"; readonly message: string }
  /** Bytes of a checkpoint's file, in order; the last piece says so. */
  | { readonly type: "checkpoint"; readonly name: string; readonly last: boolean }
  /** Bytes of the file of a rank's trace, likewise. */
  | { readonly type: "trace"; readonly name: string; readonly last: boolean }
  | { readonly type: "result"; readonly result: ResultWords }
  | { readonly type: "measured"; readonly id: number; readonly distance: Distance }
  /** Two processes that do not reach each other. */
  | { readonly type: "apart"; readonly id: number; readonly failure: FailureWords }
  | { readonly type: "failed"; readonly failure: FailureWords };

/** What the launcher tells an agent. */
export type ToAgent =
  | { readonly type: "beat" }
  | { readonly type: "start"; readonly processes: readonly number[] }
  | { readonly type: "send"; readonly process: number; readonly message: Down }
  | { readonly type: "kill" }
  | { readonly type: "inspect" };

export interface AgentHello extends MachineFacts {
  readonly type: "hello";
  readonly version: number;
  readonly pid: number;
  /** The launcher's and this host's IP addresses, as the way here has them; null: it does not say. */
  readonly way: { readonly launcher: string; readonly host: string } | null;
}

/** What an agent tells the launcher. */
export type FromAgent =
  | { readonly type: "beat" }
  | AgentHello
  | { readonly type: "message"; readonly process: number; readonly message: Up }
  | { readonly type: "output"; readonly process: number; readonly line: string }
  /** The payload: a file with the last transfers of a process that did not end well. */
  | { readonly type: "flights"; readonly process: number }
  | {
      readonly type: "ended";
      readonly process: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly type: "failed"; readonly failure: FailureWords }
  | { readonly type: "inspected"; readonly report: Inspection };

/** Before its first frame an agent writes this line: what a login shell prints before it is not ours. */
export const AGENT_GREETING = "lockstep-agent\n";
