/** The launcher's hand on another host: starts processes there, passes on what they say, and leaves nothing behind. */
import { isIP } from "node:net";
import type { Readable, Writable } from "node:stream";
import { AwakeTime } from "../base/awake-time.ts";
import { machineFacts } from "../run/environment.ts";
import { Channel } from "./channel.ts";
import { toWords } from "./failure-words.ts";
import { endAtOnce, guard } from "./guard.ts";
import { inspect } from "./inspect.ts";
import { AGENT_GREETING, type AgentHello, type FromAgent, PIPE_VERSION, type ToAgent } from "./messages.ts";
import type { HostEvents } from "./process-host.ts";
import { LocalHost } from "./spawn.ts";

const BEAT_MS = 1000;
/** Without a word from the launcher. */
const SILENT_MS = 10_000;

/**
 * Ends, and all processes with it, when its input ends, when its parent is gone, and after ten seconds without a heartbeat: a
 * network may fail without a word.
 */
export class Agent {
  readonly #channel: Channel<ToAgent, FromAgent>;
  readonly #host: LocalHost;
  #silentMs = 0;

  constructor(input: Readable, output: Writable) {
    output.write(AGENT_GREETING);
    this.#channel = new Channel<ToAgent, FromAgent>(input, output, {
      hear: (message, payload) => this.#hear(message, payload),
      ended: () => this.#leave(),
    });
    this.#host = new LocalHost(this.#relay(), { isAgent: true });
    guard({ parent: process.ppid, folder: this.#host.folder, parentMayStop: true });
    this.#channel.send({
      type: "hello",
      version: PIPE_VERSION,
      pid: process.pid,
      way: wayHere(),
      ...machineFacts(),
    });
    const time = new AwakeTime(performance.now());
    setInterval(() => this.#beat(time.passedMs(performance.now())), BEAT_MS);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => this.#leave());
  }

  #relay(): HostEvents {
    return {
      message: (process, message, payload) => {
        this.#channel.send({ type: "message", process, message }, payload);
      },
      output: (process, line) => this.#channel.send({ type: "output", process, line }),
      flights: (process, bytes) => this.#channel.send({ type: "flights", process }, bytes),
      ended: (process, code, signal) => this.#channel.send({ type: "ended", process, code, signal }),
      lost: (error) => this.#channel.send({ type: "failed", failure: toWords(error) }),
    };
  }

  #hear(message: ToAgent, payload: Uint8Array): void {
    this.#silentMs = 0;
    if (message.type === "start") this.#host.start(message.processes);
    else if (message.type === "send") this.#host.send(message.process, message.message, payload);
    else if (message.type === "kill") this.#host.kill();
    else if (message.type === "inspect") void this.#inspect();
  }

  async #inspect(): Promise<void> {
    try {
      this.#channel.send({ type: "inspected", report: await inspect() });
    } catch (thrown) {
      this.#channel.send({ type: "failed", failure: toWords(thrown) });
    }
  }

  #beat(passedMs: number): void {
    this.#channel.send({ type: "beat" });
    this.#silentMs += passedMs;
    if (this.#silentMs > SILENT_MS) this.#leave();
  }

  /** Nobody is there to tell any more. */
  #leave(): never {
    this.#host.kill();
    endAtOnce(this.#host.folder);
  }
}

/** sshd says from where to where its connection is: SSH_CONNECTION has two addresses, each with its port (sshd(8)). */
function wayHere(): AgentHello["way"] {
  const [launcher, , host] = (process.env.SSH_CONNECTION ?? "").split(" ");
  return isIP(launcher) !== 0 && isIP(host ?? "") !== 0 ? { launcher, host } : null;
}
