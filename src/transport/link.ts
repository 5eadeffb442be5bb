/**
 * One process's end of a link to another: greets, then sends and receives messages in order, each frame counted and sealed; hears
 * whether the other end is alive. Any gap, repeat, damage or silence ends it with an error: nothing is ever repaired silently.
 *
 *     greeting ── the other end is known ─▶ known ── its first sealed frame, or a listener at once ─▶ open
 *     open ── BYE, both ways ─▶ parted ── the other end has, too ─▶ over
 */
import type { FlightRecorder } from "../profile/flight-recorder.ts";
import { abortedBy, encodeReport } from "./abort-report.ts";
import { Farewell } from "./farewell.ts";
import { decodeHeader, emptyHeader, type FrameHeader, FrameType } from "./frame.ts";
import { highOf, lowOf } from "./greeting.ts";
import { Heartbeat } from "./heartbeat.ts";
import { FrameError, LinkBroken } from "./link-error.ts";
import { Opening, type OpeningOptions } from "./opening.ts";
import { Outbox } from "./outbox.ts";
import { Reassembly } from "./reassembly.ts";
import { directionKey, makeSeal, type Seal, type Security } from "./seal.ts";
import type { AbortReport, Inbox, Message } from "./transport.ts";
import type { WireReceiver } from "./wire.ts";

export interface LinkOptions extends OpeningOptions {
  readonly security: Security;
  readonly frameBytes: number;
  readonly windowBytes: number;
  readonly inbox: Pick<Inbox, "place" | "arrived">;
  readonly recorder: FlightRecorder;
  readonly opened: () => void;
  /** May be called more than once, also after close(). */
  readonly failed: (error: unknown) => void;
  /** The link has parted, or is over: see there. */
  readonly ending: () => void;
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
  readonly #opening: Opening;
  readonly #heartbeat: Heartbeat;
  readonly #header = emptyHeader();
  #open: Open | null = null;
  #isOpen = false;
  /** The link sequence of the next frame. */
  #expected = 0;
  /** The last message of which something came: its channel is −1 before there was one. */
  #lastChannel = -1;
  #lastSequence = 0;
  #isClosed = false;
  #isAborting = false;
  readonly #farewell = new Farewell();
  #isOver = false;

  constructor(options: LinkOptions) {
    const { security, frameBytes, windowBytes, digest, wire } = options;
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.patience, options.peerName, options.warn);
    const fields = { security, "frame bytes": `${frameBytes}`, "window bytes": `${windowBytes}`, ...digest };
    this.#opening = new Opening({ ...options, digest: fields });
    wire.receiver = this;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Both ends have said that they send no more, and heard it. */
  get isParted(): boolean {
    return this.#farewell.isParted;
  }

  /** The other end has all it needs of this one, too. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Dials; a listener waits. */
  begin(): void {
    this.#guard(() => this.#opening.speak());
  }

  /** The inbox may be asked from now on. */
  release(): void {
    this.#guard(() => this.#isAborting || this.#open?.reassembly.release());
  }

  send(message: Message, sent: () => void): void {
    if (!this.#farewell.isAsked && !this.#isAborting) this.#open?.outbox.add(message, sent);
  }

  /** Asks again for places of what had none. */
  resume(): void {
    this.#guard(() => {
      if (this.#isAborting) return;
      this.#open?.reassembly.resume();
      this.#open?.outbox.pump();
    });
  }

  part(): void {
    this.#farewell.ask(this.#open?.outbox);
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

  /**
   * To be called every so many ms, and told how much time has passed. Others are silent as time passes; but what they are given
   * time for counts in calls: a main thread that was kept away gives nobody any.
   */
  tick(periodMs: number, awakeMs: number): void {
    this.#guard(() => this.#options.wire.drain());
    this.#guard(() => (this.#isOpen ? this.#listen(awakeMs) : this.#opening.tick(periodMs)));
    this.#guard(() => this.#endIfDone());
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

  #greet(frame: Buffer): void {
    const nonces = this.#opening.take(frame);
    if (!nonces) return;
    this.#know(nonces);
    // The dialer is sure that it was heard when the listener says something sealed.
    if (!this.#options.dials) this.#beginOpen();
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

  #receive(open: Open, frame: Buffer): void {
    const { outbox, seal } = open;
    // Said again because it seemed lost, on its way while the other end got to know this one.
    if (this.#expected === 0 && this.#opening.isEcho(frame)) return;
    const header = this.#header;
    decodeHeader(frame, header, seal.trailerBytes);
    const payload = seal.open(frame, header.linkSequence);
    this.#check(header);
    this.#heartbeat.heard();
    if (!this.#isOpen) this.#beginOpen();
    outbox.credit(header.credited);
    this.#dispatch(header, payload, open);
    if (this.#isClosed || this.#isAborting) return;
    outbox.pump();
    this.#endIfDone();
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

  #dispatch(header: FrameHeader, payload: Buffer, { reassembly, outbox }: Open): void {
    const { type, channel, sequence } = header;
    if (type === FrameType.data) {
      this.#farewell.checkMessage();
      this.#lastChannel = channel;
      this.#lastSequence = sequence;
      reassembly.take(header, payload);
    } else if (type === FrameType.abort) {
      throw abortedBy(this.#options.peerName, payload);
    } else if (type === FrameType.bye) {
      this.#farewell.theirs(outbox);
    } else if (type === FrameType.byeHeard) {
      this.#farewell.heard();
    } else if (type === FrameType.release) {
      this.#farewell.released();
    } else if (type !== FrameType.beat && type !== FrameType.credit)
      throw new FrameError("frame-order", `a frame of type ${type} after the greeting`);
  }

  #endIfDone(): void {
    if (this.#isClosed || this.#isAborting || this.#isOver) return;
    const outbox = this.#open?.outbox;
    const parts = this.#farewell.part(outbox);
    this.#isOver = this.#farewell.isOver(outbox);
    if (parts || this.#isOver) this.#options.ending();
  }

  #listen(awakeMs: number): void {
    const { outbox } = this.#open as Open;
    if (this.#heartbeat.owesBeat(awakeMs, outbox.sequence)) outbox.notify("beat");
    // Who has parted may be gone.
    if (this.#farewell.isParted) return;
    const isFirst = this.#lastChannel < 0;
    this.#heartbeat.listen(
      awakeMs,
      isFirst ? "nothing" : `message ${this.#lastSequence} of channel ${this.#lastChannel}`,
    );
  }
}
