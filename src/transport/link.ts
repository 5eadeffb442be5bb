/**
 * One process's end of a link to another: greets, then sends and receives messages in order, each frame counted and sealed; hears
 * whether the other end is alive. Any gap, repeat, damage or silence ends it with an error: nothing is ever repaired silently.
 *
 *     greeting ── the other end is known ─▶ known ── its first sealed frame, or a listener at once ─▶ open ── BYE, both ways ─▶ parted
 */
import type { FlightRecorder } from "../profile/flight-recorder.ts";
import { abortedBy, encodeReport } from "./abort-report.ts";
import { decodeHeader, emptyHeader, type FrameHeader, FrameType } from "./frame.ts";
import { GREETING_BYTES, Greeting, type GreetingOptions, highOf, lowOf, type Step } from "./greeting.ts";
import { Heartbeat } from "./heartbeat.ts";
import { FrameError, LinkBroken, LinkError } from "./link-error.ts";
import { Outbox } from "./outbox.ts";
import { PATIENCE, type Patience } from "./patience.ts";
import { Reassembly } from "./reassembly.ts";
import { directionKey, makeSeal, type Seal, type Security } from "./seal.ts";
import type { AbortReport, Inbox, Message } from "./transport.ts";
import type { Wire, WireReceiver } from "./wire.ts";

/** Frames of strangers after which whoever holds the place is turned out, before his time is over. */
const STRANGERS_A_TURN = 4;

export interface LinkOptions extends GreetingOptions {
  readonly wire: Wire;
  /** Where errors say that it is. */
  readonly address: string;
  readonly security: Security;
  readonly frameBytes: number;
  readonly windowBytes: number;
  readonly patience?: Patience;
  /** How the other end is called in messages to people: "process 1 (host b)". */
  readonly peerName: string;
  readonly inbox: Pick<Inbox, "place" | "arrived">;
  readonly recorder: FlightRecorder;
  readonly opened: () => void;
  /** May be called more than once, also after close(). */
  readonly failed: (error: unknown) => void;
  /** Both ends have said that they send no more, and heard it. */
  readonly parted: () => void;
  /** The other end is silent for long, or speaks again. */
  readonly warn: (message: string) => void;
}

interface Open {
  readonly outbox: Outbox;
  readonly reassembly: Reassembly;
  readonly seal: Seal;
}

export class Link implements WireReceiver {
  readonly #options: LinkOptions;
  readonly #patience: Patience;
  readonly #greeting: Greeting;
  readonly #heartbeat: Heartbeat;
  readonly #header = emptyHeader();
  #open: Open | null = null;
  #isOpen = false;
  /** The link sequence of the next frame. */
  #expected = 0;
  #greetingMs = 0;
  #strangers = 0;
  #lastHeard = "nothing";
  #isClosed = false;
  #isAborting = false;
  readonly #bye = { asked: false, theirs: false, heard: false, parted: false };

  constructor(options: LinkOptions) {
    const { security, frameBytes, windowBytes, digest, wire } = options;
    this.#options = options;
    this.#patience = options.patience ?? PATIENCE;
    this.#heartbeat = new Heartbeat(this.#patience, options.peerName, options.warn);
    const fields = { security, "frame bytes": `${frameBytes}`, "window bytes": `${windowBytes}`, ...digest };
    this.#greeting = new Greeting({ ...options, digest: fields });
    wire.admit(GREETING_BYTES);
    wire.receiver = this;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isParted(): boolean {
    return this.#bye.parted;
  }

  /** Dials; a listener waits. */
  begin(): void {
    this.#guard(() => this.#speak());
  }

  /** The inbox may be asked from now on. */
  release(): void {
    this.#guard(() => this.#open?.reassembly.release());
  }

  send(message: Message, sent: () => void): void {
    if (!this.#bye.asked && !this.#isAborting) this.#open?.outbox.add(message, sent);
  }

  /** Asks again for places of what had none. */
  resume(): void {
    this.#guard(() => {
      this.#open?.reassembly.resume();
      this.#open?.outbox.pump();
    });
  }

  part(): void {
    this.#bye.asked = true;
    this.#open?.outbox.notify("bye");
  }

  /** Says why this process stops, and listens no longer. */
  abort(report: AbortReport): void {
    this.#isAborting = true;
    this.#guard(() => this.#open?.outbox.abort(encodeReport(report)));
  }

  close(): void {
    this.#isClosed = true;
    this.#options.wire.close();
  }

  frame(frame: Buffer): void {
    if (this.#isAborting) return;
    this.#guard(() => (this.#open ? this.#receive(this.#open, frame) : this.#greet(frame)));
  }

  writable(): void {
    this.#guard(() => this.#open?.outbox.pump());
    if (!this.#isOpen) this.begin();
  }

  broken(reason: string): void {
    this.#guard(() => {
      throw new LinkBroken(this.#options.peerName, reason);
    });
  }

  /** To be called every so many ms. */
  tick(periodMs: number): void {
    this.#guard(() => this.#options.wire.drain());
    this.#guard(() => (this.#isOpen ? this.#listen(periodMs) : this.#wait(periodMs)));
  }

  #guard(act: () => void): void {
    if (this.#isClosed) return;
    try {
      act();
    } catch (thrown) {
      const isFrames = thrown instanceof FrameError;
      this.#options.failed(
        isFrames ? new LinkBroken(this.#options.peerName, thrown.message, thrown) : thrown,
      );
    }
  }

  /** Says what is to be said, again if nobody has answered. */
  #speak(): void {
    const word = this.#options.dials ? this.#greeting.lastWord : null;
    if (word) this.#options.wire.send(word);
  }

  /** A stranger's frame is no reason to stop a run: it is counted, and who sends many is turned out. */
  #greet(frame: Buffer): void {
    const { wire, dials } = this.#options;
    let step: Step;
    try {
      step = this.#greeting.take(frame);
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      this.#strangers++;
      if (this.#strangers % STRANGERS_A_TURN === 0 && !dials) wire.evict();
      return;
    }
    if (step.answer) wire.send(step.answer);
    if (step.difference) throw this.#named(step.difference);
    if (!step.nonces) return;
    this.#know(step.nonces);
    // The dialer is sure that it was heard when the listener says something sealed.
    if (!dials) this.#beginOpen();
  }

  #know(nonces: Buffer): void {
    const { run, generation, self, peer, dials, runKey, security } = this.#options;
    const { wire, frameBytes, windowBytes, recorder, inbox } = this.#options;
    const link = `${run} ${generation} ${dials ? self : peer} ${dials ? peer : self}`;
    const [out, back] = dials ? ([1, 2] as const) : ([2, 1] as const);
    const seal = (direction: 1 | 2) =>
      makeSeal(security, directionKey(runKey, nonces, link, direction), direction);
    const reassembly = new Reassembly({ peer, windowBytes, inbox, recorder });
    const header: FrameHeader = {
      ...emptyHeader(),
      ...{ runLow: lowOf(run), runHigh: highOf(run), generation, source: self, destination: peer },
    };
    const consumed = () => reassembly.consumed;
    const common = { peer, wire, frameBytes, windowBytes, recorder };
    const outbox = new Outbox({ ...common, header, seal: seal(out), consumed });
    wire.admit(frameBytes);
    this.#open = { outbox, reassembly, seal: seal(back) };
  }

  #beginOpen(): void {
    this.#isOpen = true;
    this.#open?.outbox.notify("beat");
    this.#options.opened();
  }

  #named({ code, message, fix }: LinkError): LinkError {
    const { self, peerName } = this.#options;
    return new LinkError(code, `process ${self} ("here") and ${peerName} ("there"): ${message}`, fix);
  }

  #receive({ outbox, reassembly, seal }: Open, frame: Buffer): void {
    // Said again because it seemed lost, on its way while the other end got to know this one.
    if (this.#expected === 0 && this.#greeting.isEcho(frame)) return;
    const header = this.#header;
    decodeHeader(frame, header, seal.trailerBytes);
    const payload = seal.open(frame, header.linkSequence);
    this.#check(header);
    this.#heartbeat.heard();
    if (!this.#isOpen) this.#beginOpen();
    outbox.credit(header.credited);
    this.#dispatch(header, payload, reassembly);
    if (!this.#isClosed && !this.#isAborting) outbox.pump();
  }

  #check({ linkSequence, source, destination, generation, runLow, runHigh }: FrameHeader): void {
    const { self, peer, run } = this.#options;
    const isTheirs = source === peer && destination === self && generation === this.#options.generation;
    if (!isTheirs || runLow !== lowOf(run) || runHigh !== highOf(run))
      throw new FrameError(
        "stranger",
        `a frame of process ${source} to process ${destination}, or another run`,
      );
    if (linkSequence > this.#expected)
      throw new FrameError("frames-lost", `frames ${this.#expected} to ${linkSequence - 1} were lost`);
    if (linkSequence < this.#expected)
      throw new FrameError("frame-twice", `frame ${linkSequence} came twice`);
    this.#expected++;
  }

  #dispatch(header: FrameHeader, payload: Buffer, reassembly: Reassembly): void {
    const { type, channel, sequence } = header;
    if (type === FrameType.data) {
      if (this.#bye.theirs) throw new FrameError("after-bye", "a message after its last one");
      this.#lastHeard = `message ${sequence} of channel ${channel}`;
      reassembly.take(header, payload);
    } else if (type === FrameType.abort) {
      throw abortedBy(this.#options.peerName, payload);
    } else if (type === FrameType.bye) {
      this.#bye.theirs = true;
      this.#open?.outbox.notify("byeHeard");
      this.#partIfDone();
    } else if (type === FrameType.byeHeard) {
      this.#bye.heard = true;
      this.#partIfDone();
    } else if (type !== FrameType.beat && type !== FrameType.credit)
      throw new FrameError("frame-order", `a frame of type ${type} after the greeting`);
  }

  #partIfDone(): void {
    const { theirs, heard, parted } = this.#bye;
    if (!theirs || !heard || parted) return;
    this.#bye.parted = true;
    this.#options.parted();
  }

  #listen(periodMs: number): void {
    const { outbox } = this.#open as Open;
    if (this.#heartbeat.owesBeat(periodMs, outbox.sequence)) outbox.notify("beat");
    // Whoever has said that it leaves, and knows that this side does, owes no more beats.
    if (!this.#bye.theirs || !this.#bye.asked) this.#heartbeat.listen(periodMs, this.#lastHeard);
  }

  #wait(periodMs: number): void {
    const { retryMs, evictMs, greetMs } = this.#patience;
    const { peerName, address, dials } = this.#options;
    const before = this.#greetingMs;
    this.#greetingMs += periodMs;
    const passes = (everyMs: number) => Math.floor(before / everyMs) < Math.floor(this.#greetingMs / everyMs);
    if (this.#greetingMs >= greetMs)
      throw new LinkError(
        "no-greeting",
        `${peerName} has not greeted in ${greetMs / 1000} s at ${address}; ${this.#strangers} frames there were of someone who does not know the run's key`,
        "look whether it runs, and whether a firewall or another program holds that address",
      );
    if (dials && passes(retryMs)) this.#speak();
    else if (!dials && passes(evictMs)) this.#options.wire.evict();
  }
}
