/** A host behind ssh: its agent does there what LocalHost does here. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { AwakeTime } from "../base/awake-time.ts";
import type { Placement } from "../base/config.ts";
import { EnvironmentError, type LockstepError } from "../base/errors.ts";
import { lockstepVersion } from "../run/environment.ts";
import { Channel } from "./channel.ts";
import { fromWords } from "./failure-words.ts";
import { afterGreeting } from "./greeting.ts";
import { killGroup, spawnGroup } from "./groups.ts";
import { type Host, spelling } from "./hostfile.ts";
import type { Inspection } from "./inspect.ts";
import { Lines } from "./lines.ts";
import { type AgentHello, type Down, type FromAgent, PIPE_VERSION, type ToAgent } from "./messages.ts";
import type { HostEvents, ProcessHost } from "./process-host.ts";
import { sshWords, startLines } from "./ssh.ts";
import { unreachable } from "./unreachable.ts";

const BEAT_MS = 1000;
const OPEN_MS = 20_000;
const CLOSE_MS = 3000;
/** An agent beats each second; a network may fail without a word. */
const SILENT_S = 15;
const KEPT_LINES = 20;

export class RemoteHost implements ProcessHost {
  way: AgentHello["way"] = null;
  readonly #name: string;
  readonly #host: Host;
  readonly #placement: Placement;
  readonly #events: HostEvents;
  readonly #said: string[] = [];
  #child: ChildProcess | null = null;
  #channel: Channel<FromAgent, ToAgent> | null = null;
  #opened: { resolve(): void; reject(error: LockstepError): void } | null = null;
  #inspected: ((report: Inspection) => void) | null = null;
  #isOver = false;
  #silentMs = 0;
  #beats: NodeJS.Timeout | undefined;

  constructor(host: Host, placement: Placement, events: HostEvents) {
    this.#host = host;
    this.#name = spelling(host);
    this.#placement = placement;
    this.#events = events;
  }

  /** Rejects with why the host cannot be used: not reached, nothing there, another version, or no answer in time. */
  async open(): Promise<void> {
    const deadline = setTimeout(() => this.#over(this.#noAnswer()), OPEN_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#opened = { resolve, reject };
        this.#call();
      });
    } finally {
      clearTimeout(deadline);
      this.#opened = null;
    }
  }

  start(processes: readonly number[]): void {
    this.#channel?.send({ type: "start", processes });
  }

  send(process: number, message: Down, payload?: Uint8Array): void {
    this.#channel?.send({ type: "send", process, message }, payload);
  }

  sendAll(process: number, messages: Iterable<readonly [Down, Uint8Array]>): void {
    const wrap = function* (): Generator<readonly [ToAgent, Uint8Array]> {
      for (const [message, payload] of messages) yield [{ type: "send", process, message }, payload];
    };
    this.#channel?.sendAll(wrap());
  }

  /** What `lockstep doctor` asks. */
  inspect(): Promise<Inspection> {
    return new Promise((resolve) => {
      this.#inspected = resolve;
      this.#channel?.send({ type: "inspect" });
    });
  }

  kill(): void {
    this.#channel?.send({ type: "kill" });
  }

  /** The end of its input ends the agent, and all that it started. */
  async close(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#beats);
    const child = this.#child;
    if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return;
    const ended = once(child, "exit");
    if (this.#opened !== null) killGroup(child);
    else child.stdin?.end();
    this.#opened?.reject(this.#noAnswer()); // Nobody waits for it any more.
    const timer = setTimeout(() => killGroup(child), CLOSE_MS);
    await ended;
    clearTimeout(timer);
  }

  #call(): void {
    const [command, ...words] = sshWords(this.#host, this.#placement.ssh);
    const lines = startLines(this.#placement.remoteDir);
    const child = spawnGroup(command, words, ["pipe", "pipe", "pipe"]);
    this.#child = child;
    child.once("error", (thrown) => this.#over(noSsh(this.#name, command, thrown)));
    child.once("close", (code, signal) => {
      this.#over(unreachable(this.#name, { code, signal, said: this.#said }, this.#placement));
    });
    const stderr = new Lines((line) => this.#keep(line));
    (child.stderr as Readable)
      .on("data", (chunk: Uint8Array) => stderr.push(chunk))
      .on("end", () => stderr.end());
    const input = child.stdin as Writable;
    const frames = new PassThrough();
    afterGreeting(child.stdout as Readable, frames, (line) => this.#keep(line));
    this.#channel = new Channel<FromAgent, ToAgent>(frames, input, {
      hear: (message, payload) => this.#hear(message, payload),
      ended: (error) => {
        if (error !== null) this.#over(unreadable(this.#name, error));
      }, // Else how ssh ends says more.
    });
    input.write(lines);
    const time = new AwakeTime(performance.now());
    this.#beats = setInterval(() => this.#beat(time.passedMs(performance.now())), BEAT_MS);
  }

  #noAnswer(): EnvironmentError {
    const message = `${this.#name} did not answer within ${OPEN_MS / 1000} s`;
    const fix = `see that it is up: ${this.#placement.ssh} ${this.#name} true`;
    return new EnvironmentError("host-unreachable", message, fix);
  }

  #keep(line: string): void {
    this.#said.push(line);
    if (this.#said.length > KEPT_LINES) this.#said.shift();
  }

  #beat(passedMs: number): void {
    this.#channel?.send({ type: "beat" });
    this.#silentMs += passedMs;
    if (this.#opened === null && this.#silentMs > SILENT_S * 1000)
      this.#over(silent(this.#name, this.#placement.ssh));
  }

  #hear(message: FromAgent, payload: Uint8Array): void {
    this.#silentMs = 0;
    if (message.type === "hello") this.#greet(message);
    else if (message.type === "message") this.#events.message(message.process, message.message, payload);
    else if (message.type === "output") this.#events.output(message.process, message.line);
    else if (message.type === "flights") this.#events.flights(message.process, payload);
    else if (message.type === "ended") this.#events.ended(message.process, message.code, message.signal);
    else if (message.type === "failed") this.#events.lost(fromWords(message.failure, { host: this.#name }));
    else if (message.type === "inspected") this.#inspected?.(message.report);
  }

  #greet({ version, lockstep, way }: AgentHello): void {
    const own = lockstepVersion();
    this.way = way ?? null;
    if (version === PIPE_VERSION && lockstep === own) this.#opened?.resolve();
    else this.#over(otherVersion(this.#name, lockstep, own));
  }

  /** Once; ends the call if it has not ended. */
  #over(error: LockstepError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#beats);
    if (this.#child !== null) killGroup(this.#child);
    if (this.#opened !== null) this.#opened.reject(error);
    else this.#events.lost(error);
  }
}

function silent(host: string, ssh: string): EnvironmentError {
  const message = `nothing has come from ${host} for ${SILENT_S} s`;
  return new EnvironmentError(
    "host-silent",
    message,
    `look at the network to it, and whether it is up: ${ssh} ${host} uptime`,
  );
}

function noSsh(host: string, command: string, thrown: Error): EnvironmentError {
  const message = `cannot reach ${host}: ${command} cannot be started: ${thrown.message}`;
  return new EnvironmentError("no-ssh", message, "install an ssh client, or name one with --ssh", thrown);
}

function unreadable(host: string, error: unknown): EnvironmentError {
  const why = error instanceof Error ? error.message : String(error);
  const fix = "see that its login files print nothing after the shell has started";
  return new EnvironmentError("host-unreadable", `what came from ${host} cannot be read: ${why}`, fix, error);
}

function otherVersion(host: string, theirs: string, own: string): EnvironmentError {
  const message = `${host} has Lockstep ${theirs}, this is ${own}`;
  return new EnvironmentError("other-version", message, "install the same version on both");
}
