/** The conductor of a job of many processes: starts them, introduces them to each other, follows them, and sees them gone. */
import { randomBytes } from "node:crypto";
import { AwakeTime } from "../base/awake-time.ts";
import type { Placement, Settings } from "../base/config.ts";
import { LockstepError, RankError } from "../base/errors.ts";
import type { Observer, Origin, TraceOptions } from "../job/options.ts";
import type { HostFacts } from "../run/environment.ts";
import { fromWords } from "./failure-words.ts";
import { filePieces, openToRead } from "./file-pieces.ts";
import { FirstFailure } from "./first-failure.ts";
import { type Host, spelling } from "./hostfile.ts";
import { isLocal, nameOf, planProcesses, tagOf } from "./hosts.ts";
import { Member } from "./member.ts";
import type { Down, JobWords, ResultWords, Up } from "./messages.ts";
import type { HostEvents, ProcessHost } from "./process-host.ts";
import { Relay } from "./relay.ts";
import { RemoteHost } from "./remote-host.ts";
import { LocalHost } from "./spawn.ts";
import { listenAddress, type Reached } from "./ways.ts";

const TICK_MS = 1000;
/** After `leave`; what is still there is killed. */
const LEAVE_MS = 1500;
/** After that; what a process has left, its host still tells. */
const KILLED_MS = 1000;

export interface LaunchOptions {
  readonly hosts: readonly Host[];
  readonly placement: Placement;
  /** `ranks` are those of all hosts together. */
  readonly settings: Settings;
  readonly origin: Origin;
  /** Path of the checkpoint to go on from. */
  readonly resume?: string;
  readonly checkpointFolder: string;
  readonly trace?: TraceOptions;
  /** Aborted: every process finishes the step, and process 0 writes a checkpoint. */
  readonly signal?: AbortSignal;
  readonly observer: Observer;
  /** A line that a process printed; `tag` is "3 hostB". */
  readonly output: (tag: string, line: string) => void;
  /** The last transfers of a process that did not end well, as a file. */
  readonly flights: (process: number, bytes: Uint8Array) => void;
  /** What a local process runs; for tests. */
  readonly script?: URL;
}

/** Resolves when all processes have trained and are gone; rejects with the first failure, when they are gone, too. */
export async function launch(options: LaunchOptions): Promise<ResultWords> {
  const conductor = new Conductor(options);
  try {
    return await conductor.run();
  } finally {
    await conductor.end();
  }
}

class Conductor {
  readonly #options: LaunchOptions;
  readonly #hosts: (Reached & { readonly link: ProcessHost })[] = [];
  readonly #members: Member[] = [];
  readonly #relay: Relay;
  readonly #failures: FirstFailure;
  readonly #failed: Promise<never>;
  #finish: () => void = () => {};
  /** Replaced by who waits for it. */
  #allGone: () => void = () => {};
  /** Hosts that were lost: of who is, or would be, there nothing more is heard. */
  readonly #lost = new Set<ProcessHost>();
  #isEnding = false;
  #isKilling = false;

  constructor(options: LaunchOptions) {
    this.#options = options;
    let reject: (error: unknown) => void = () => {};
    this.#failed = new Promise<never>((_, fail) => {
      reject = fail;
    });
    this.#failed.catch(() => {}); // heard in run()
    this.#failures = new FirstFailure((error) => reject(error));
    this.#relay = new Relay({ ...options, hosts: () => this.#facts() });
    this.#plan();
  }

  async run(): Promise<ResultWords> {
    const { signal } = this.#options;
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const stop = () => this.#tellAll({ type: "stop" });
    const time = new AwakeTime(performance.now());
    const ticks = setInterval(() => this.#tick(time.passedMs(performance.now())), TICK_MS);
    const giveUp = () => this.#failures.add(interrupted(), 0);
    try {
      signal?.addEventListener("abort", giveUp);
      if (signal?.aborted) giveUp();
      await Promise.race([Promise.all(this.#hosts.map(({ link }) => link.open())), this.#failed]);
      signal?.removeEventListener("abort", giveUp);
      await this.#start();
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop);
      await Promise.race([finished, this.#failed]);
      return this.#conclude();
    } finally {
      clearInterval(ticks);
      signal?.removeEventListener("abort", stop);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Nobody is left afterwards. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#relay.end();
    this.#tellAll({ type: "leave" });
    await this.#untilGone(LEAVE_MS);
    this.#isKilling = true;
    for (const { link } of this.#hosts) link.kill();
    await this.#untilGone(KILLED_MS);
    await Promise.all(this.#hosts.map(({ link }) => link.close()));
  }

  #plan(): void {
    const { hosts, placement } = this.#options;
    const planned = planProcesses(hosts, placement.ranksPerProcess);
    for (const host of hosts) {
      const name = spelling(host);
      const events = this.#events(name);
      const link = isLocal(host)
        ? new LocalHost(events, { script: this.#options.script })
        : new RemoteHost(host, placement, events);
      this.#hosts.push({ host, link, isLocal: isLocal(host) });
      for (const process of planned) if (process.host === name) this.#members.push(new Member(process, link));
    }
  }

  #events(name: string): HostEvents {
    return {
      message: (process, message, payload) => this.#hear(this.#members[process], message, payload),
      output: (process, line) => this.#options.output(tagOf(this.#members[process].planned), line),
      flights: (process, bytes) => this.#options.flights(process, bytes),
      ended: (process, code, signal) => this.#hearEnd(this.#members[process], code, signal),
      lost: (error) => {
        for (const { host, link } of this.#hosts) if (spelling(host) === name) this.#lost.add(link);
        if (!this.#isEnding) this.#failures.add(error, 0);
        // Nothing more is heard of those there; the host sees to their end.
        for (const member of this.#members) if (member.planned.host === name) member.isThere = false;
        this.#checkGone();
      },
    };
  }

  async #start(): Promise<void> {
    for (const { link } of this.#hosts.filter(({ link }) => !this.#lost.has(link))) {
      const there = this.#members.filter((member) => member.host === link);
      for (const member of there) member.isThere = true;
      link.start(there.map(({ planned }) => planned.index));
    }
    const { resume } = this.#options;
    const key = randomBytes(32); // Of this launch alone; it goes down the pipes, and nowhere else.
    const run = randomBytes(8).toString("hex");
    for (const { host, planned } of this.#members) {
      if (resume !== undefined) host.sendAll(planned.index, resumePieces(resume));
      host.send(planned.index, await this.#job(planned.index, run), key);
    }
    key.fill(0); // A frame has its own copy.
  }

  async #job(self: number, run: string): Promise<JobWords> {
    const { settings, origin, placement, resume, trace } = this.#options;
    const planned = this.#members.map((member) => member.planned);
    const own = this.#reached(self);
    const listenAt = planned.map(({ index }) =>
      index > self ? listenAddress(own, this.#reached(index)) : null,
    );
    return {
      type: "job",
      ...{ self, run, settings, origin, security: placement.security },
      ranks: planned.map(({ ranks }) => ranks),
      hosts: planned.map(({ host }) => host),
      names: planned.map(nameOf),
      listenAt: await Promise.all(listenAt),
      resume: resume ?? null,
      keepsCheckpoints: self === 0,
      trace: trace ? { steps: trace.steps } : null,
      fault: process.env.LOCKSTEP_FAULT ?? null,
    };
  }

  /** The host of a process. */
  #reached(index: number): Reached {
    return this.#hosts.find(({ link }) => link === this.#members[index].host) as Reached;
  }

  #hear(member: Member, message: Up, payload: Uint8Array): void {
    if (this.#isEnding) return;
    try {
      member.hear(message);
      this.#relay.take(message, payload, member.planned.index);
    } catch (thrown) {
      this.#failures.add(thrown);
    }
    if (message.type === "listening") this.#introduce();
    else if (message.type === "failed") {
      this.#failures.add(fromWords(message.failure, this.#whereOf(member, message.failure.rank)));
    } else if (message.type === "result" && this.#members.every(({ result }) => result !== null))
      this.#finish();
  }

  #hearEnd(member: Member, code: number | null, signal: string | null): void {
    member.isThere = false;
    if (this.#isEnding) this.#checkGone();
    else if (!member.hasFailed) this.#failures.add(member.ended(code, signal, this.#relay.steps));
    if (this.#members.every(({ isThere }) => !isThere)) this.#failures.conclude();
  }

  #checkGone(): void {
    // Who is silent does not hear that it is to leave.
    if (this.#members.every(({ isThere, isSilent }) => !isThere || (isSilent && !this.#isKilling)))
      this.#allGone();
  }

  async #untilGone(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
      timer = setTimeout(resolve, limitMs);
      this.#checkGone();
    });
    clearTimeout(timer);
  }

  /** Once all listen, each is told where all the others do. */
  #introduce(): void {
    const table = this.#members.flatMap(({ endpoints }) => (endpoints === null ? [] : [endpoints]));
    if (table.length === this.#members.length) this.#tellAll({ type: "peers", table });
  }

  #tellAll(message: Down): void {
    for (const { host, planned } of this.#members) host.send(planned.index, message);
  }

  #tick(passedMs: number): void {
    for (const member of this.#members) {
      const failure = member.tick(passedMs, this.#relay.steps);
      if (failure !== null) this.#failures.add(failure, 1);
    }
  }

  #facts(): HostFacts[] {
    return this.#members.flatMap(({ planned, facts }) => {
      return facts === null ? [] : [{ host: planned.host, ranks: planned.ranks, ...facts }];
    });
  }

  /**
   * The host of the rank that is to blame, if that is known, else of who tells of it. Of a process that is
   * alone, and here, nobody wants to be told where it is.
   */
  #whereOf(teller: Member, rank?: number): { host?: string } {
    if (this.#members.length === 1 && teller.host instanceof LocalHost) return {};
    const culprit = rank === undefined ? undefined : this.#members.find((member) => member.has(rank));
    return { host: (culprit ?? teller).planned.host };
  }

  /** The result of the first, if all have the same. */
  #conclude(): ResultWords {
    const [first, ...others] = this.#members;
    const result = first.result as ResultWords;
    for (const member of others) {
      const other = member.result as ResultWords;
      if (other.status === result.status && other.weightsSha256 === result.weightsSha256) continue;
      if (result.status === "interrupted" && other.steps !== result.steps) continue;
      const [own, theirs] = [result, other].map(({ weightsSha256 }) =>
        (weightsSha256 ?? "not finite").slice(0, 12),
      );
      throw new RankError(
        "replicas-differ",
        `${first.name} and ${member.name} ended with different weights (${own}, ${theirs})`,
        "this is a defect of Lockstep, or of a machine's memory: please report it",
        { step: result.steps },
      );
    }
    return result;
  }
}

/** While hosts are called there is no step to finish, and nothing to keep. */
function interrupted(): LockstepError {
  return new LockstepError("interrupted", "interrupted before the first step", "train again", 130);
}

function* resumePieces(path: string): Generator<readonly [message: Down, payload: Uint8Array]> {
  for (const piece of filePieces(openToRead(path))) yield [{ type: "resume" }, piece];
}
