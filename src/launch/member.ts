/** One process of a job as the launcher knows it: how far it is, when it was last heard, how it ended. */
import { EnvironmentError, type LockstepError, RankError } from "../base/errors.ts";
import type { MachineFacts } from "../run/environment.ts";
import type { Endpoints } from "../transport/listening.ts";
import { nameOf, type PlannedProcess } from "./hosts.ts";
import type { ResultWords, Up } from "./messages.ts";
import { PIPE_VERSION } from "./messages.ts";
import type { ProcessHost } from "./process-host.ts";

/** Without a word, s; reading the data may keep a main thread for long, a step never. */
const PATIENCE_S = { starting: 60, running: 15 } as const;
const ABORTED = 75;
const LAST_WORDS = "look at what it printed last: above, or in the logs of the run's folder";

export class Member {
  readonly planned: PlannedProcess;
  readonly host: ProcessHost;
  facts: MachineFacts | null = null;
  /** Where it listens for those of higher index. */
  endpoints: Endpoints | null = null;
  result: ResultWords | null = null;
  /** It has said why it ends. */
  hasFailed = false;
  /** Started, and not known to have ended. */
  isThere = false;
  #isRunning = false;
  #silentMs = 0;

  constructor(planned: PlannedProcess, host: ProcessHost) {
    this.planned = planned;
    this.host = host;
  }

  get name(): string {
    return nameOf(this.planned);
  }

  /** Takes note of what concerns the process itself. Throws if it speaks another language, or runs on another Node. */
  hear(message: Up): void {
    this.#silentMs = 0;
    if (message.type === "hello") {
      const { type: _, version, pid: __, ...facts } = message;
      if (version !== PIPE_VERSION)
        throw new EnvironmentError(
          "other-version",
          `${this.name} is of another version`,
          "install one version everywhere",
        );
      if (facts.node !== process.versions.node)
        throw new EnvironmentError(
          "other-node",
          `${this.planned.host} has Node ${facts.node}, this is ${process.versions.node}: the bits might differ`,
          "install the same Node there, or say with --remote-dir where it is",
        );
      this.facts = facts;
    } else if (message.type === "listening") this.endpoints = message.endpoints;
    else if (message.type === "started") this.#isRunning = true;
    else if (message.type === "result") this.result = message.result;
    else if (message.type === "failed") this.hasFailed = true;
  }

  get #patienceS(): number {
    return this.#isRunning ? PATIENCE_S.running : PATIENCE_S.starting;
  }

  get isSilent(): boolean {
    return this.#silentMs > this.#patienceS * 1000;
  }

  /** So much time has passed; the failure if it was silent for too long. */
  tick(passedMs: number, step: number): LockstepError | null {
    if (!this.isThere) return null;
    this.#silentMs += passedMs;
    if (!this.isSilent) return null;
    const fix = "look at the load of that machine, and whether the process was stopped";
    return new RankError(
      "process-silent",
      `${this.name} has said nothing for ${this.#patienceS} s`,
      fix,
      this.where(step),
    );
  }

  /** Why it ended before its work was done, as far as that is known. */
  ended(code: number | null, signal: string | null, step: number): LockstepError {
    if (code === ABORTED) {
      const fix = "see what the others say";
      return new RankError("aborted", `${this.name} stopped because another failed`, fix, this.where(step));
    }
    if (signal !== null) {
      const fix =
        signal === "SIGKILL"
          ? "if nobody killed it, the system may have been out of memory: see dmesg"
          : LAST_WORDS;
      return new RankError("process-killed", `${this.name} was killed by ${signal}`, fix, this.where(step));
    }
    const message = `${this.name} ended with exit code ${code} before its work was done`;
    return new RankError("process-exited", message, LAST_WORDS, this.where(step));
  }

  has(rank: number): boolean {
    const { firstRank, ranks } = this.planned;
    return rank >= firstRank && rank < firstRank + ranks;
  }

  where(step: number): { rank: number; host: string; step?: number; operation: string } {
    const { firstRank, host } = this.planned;
    const operation = this.#isRunning ? "training" : "start";
    return { rank: firstRank, host, ...(step > 0 && { step }), operation };
  }
}
