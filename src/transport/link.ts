/**
 * One process's end of a link to another: greets, then sends and receives messages in order, each frame counted and sealed; hears
 * whether the other end is alive. Any gap, repeat, damage or silence ends it with a LinkError: nothing is ever repaired silently.
 */
import { EnvironmentError } from "../base/errors.ts";
import { decode, emptyHeader, HEADER_BYTES, type Header } from "./frame.ts";
import { Greeting, type GreetingOptions } from "./greeting.ts";
import { LinkError } from "./link-error.ts";
import { Outbox, WINDOW_BYTES } from "./outbox.ts";
import { type Patience, REBIND_MS, REOPEN_MS } from "./patience.ts";
import { directionKey, makeSeal, type Seal, type Security } from "./seal.ts";
import type { AbortReport, Arrival, Inbox, Message } from "./transport.ts";
import { Wire, type WireOptions } from "./wire.ts";

/** Of what a process says of its failure. */
const REPORT_CHARACTERS = 2000;

/** What carries frames: a Wire, or in tests something worse. */
export type Carrier = Pick<Wire, "send" | "close">;

export interface LinkOptions extends GreetingOptions {
  readonly address: string;
  readonly security: Security;
  readonly patience: Patience;
  /** How the other end is called in messages to people: "process 1 (host b)". */
  readonly peerName: string;
  readonly inbox: Pick<Inbox, "place" | "arrived">;
  readonly opened: () => void;
  readonly failed: (error: unknown) => void;
  /** The other end has said that it sends no more. */
  readonly parted: () => void;
  readonly makeWire?: (options: WireOptions) => Carrier;
}

export class Link {
  readonly #options: LinkOptions;
  #wire: Carrier;
  #greeting: Greeting;
  #outbox: Outbox | null = null;
  #seal: Seal | null = null;
  #expected = 0n;
  #place: Uint8Array | null = null;
  /** Frames that had to wait for their place, the oldest first. */
  readonly #held: { header: Header; frame: Buffer }[] = [];
  #owedCredit = 0;
  #timer: NodeJS.Timeout;
  #reopening: NodeJS.Timeout | null = null;
  /** Ticks of the own clock: a machine that slept has heard nothing, and missed nothing. */
  #silentMs = 0;
  #lifeMs = 0;
  #isClosed = false;
  #parting = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#greeting = new Greeting(options);
    this.#wire = this.#open();
    this.#timer = setInterval(() => this.#tick(), options.patience.beatMs);
  }

  get isOpen(): boolean {
    return this.#outbox !== null;
  }

  send(message: Message, sent: () => void): void {
    this.#outbox?.add(message, sent);
    this.#outbox?.pump();
  }

  /** Asks again for places of what had none. */
  resume(): void {
    this.#guard(() => {
      while (this.#held.length > 0) {
        const [{ header, frame }] = this.#held;
        if (!this.#put(header, frame)) return;
        this.#held.shift();
      }
    });
  }

  part(): void {
    this.#outbox?.notify("bye");
    this.#outbox?.pump();
  }

  abort(report: AbortReport): void {
    const short = { ...report, message: report.message.slice(0, REPORT_CHARACTERS) };
    this.#outbox?.notify("abort", 0, Buffer.from(JSON.stringify(short)));
    this.#outbox?.pump();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (this.#reopening !== null) clearTimeout(this.#reopening);
    this.#wire.close();
  }

  #open(): Carrier {
    const { address, dials, makeWire = (options) => new Wire(options) } = this.#options;
    const wire = makeWire({
      ...{ address, binds: !dials },
      received: (frame) => this.#guard(() => this.#receive(frame)),
      writable: () => this.#guard(() => this.#outbox?.pump() ?? this.#hail()),
    });
    if (dials) queueMicrotask(() => this.#hail());
    return wire;
  }

  #hail(): void {
    const { hello } = this.#greeting;
    if (hello && !this.#outbox && !this.#isClosed) this.#wire.send(hello);
  }

  #guard(act: () => void): void {
    if (this.#isClosed) return;
    try {
      act();
    } catch (thrown) {
      this.#options.failed(thrown);
    }
  }

  #receive(frame: Buffer): void {
    if (this.#seal === null) {
      this.#greet(frame);
      return;
    }
    const header = decode(frame, this.#seal.bytes);
    this.#seal.open(frame, header.sequence);
    this.#check(header);
    this.#silentMs = 0;
    if (header.kind === "credit") this.#outbox?.give(header.credit);
    if (header.kind === "credit") this.#outbox?.pump();
    else if (header.kind === "abort")
      throw this.#aborted(frame.subarray(HEADER_BYTES, HEADER_BYTES + header.payloadBytes));
    else if (header.kind === "bye") this.#part();
    else if (header.kind === "data") {
      if (this.#held.length > 0 || !this.#put(header, frame)) this.#held.push({ header, frame });
    }
  }

  /** A stranger's frame is no reason to stop a run: who holds the place is let go, and the greeting begins anew. */
  #greet(frame: Buffer): void {
    const { security, runKey, self, peer, dials, run, opened } = this.#options;
    let step: ReturnType<Greeting["take"]>;
    try {
      step = this.#greeting.take(frame);
    } catch (thrown) {
      if (thrown instanceof LinkError && thrown.code === "different-processes") throw this.#named(thrown);
      if (dials) throw thrown;
      this.#rebind();
      return;
    }
    if (step.answer) this.#wire.send(step.answer);
    if (step.difference) throw this.#named(step.difference);
    if (!step.nonces) return;
    const key = (from: number, to: number) => directionKey(runKey, step.nonces as Buffer, `${from} to ${to}`);
    this.#seal = makeSeal(security, key(peer, self));
    this.#outbox = new Outbox(emptyHeader(run, self, peer), makeSeal(security, key(self, peer)), (bytes) =>
      this.#wire.send(bytes),
    );
    opened();
  }

  #named({ code, message, fix }: LinkError): LinkError {
    return new LinkError(
      code,
      `${this.#options.peerName} and process ${this.#options.self}: ${message}`,
      fix,
    );
  }

  /** Once at a time: two would take the address from each other. */
  #rebind(): void {
    if (this.#reopening !== null) return;
    this.#wire.close();
    this.#greeting = new Greeting(this.#options);
    // The address is free when the old socket is closed, some turns of the event loop from now.
    this.#reopening = setTimeout(() => this.#guard(() => this.#reopen()), REOPEN_MS);
  }

  #reopen(): void {
    this.#reopening = null;
    try {
      this.#wire = this.#open();
    } catch (thrown) {
      if (!(thrown instanceof EnvironmentError)) throw thrown;
      // The old socket is not gone yet; who never gets the address is told of by the deadline for greetings.
      this.#rebind();
    }
  }

  #check({ sequence, source, target, run, kind }: Header): void {
    const { self, peer } = this.#options;
    if (
      kind === "hello" ||
      kind === "challenge" ||
      kind === "proof" ||
      source !== peer ||
      target !== self ||
      run !== this.#options.run
    )
      throw this.#broken(
        `a ${kind} of process ${source} to process ${target} came where only process ${peer}'s data may`,
      );
    if (sequence !== this.#expected)
      throw this.#broken(
        sequence > this.#expected
          ? `frames ${this.#expected} to ${sequence - 1n} were lost`
          : `frame ${sequence} came twice`,
      );
    this.#expected++;
  }

  /** Copies a frame's payload into its message's place; false where there is none yet. */
  #put(header: Header, frame: Buffer): boolean {
    const { inbox, peer } = this.#options;
    const { channel, execution, flags, first, payloadBytes, messageBytes } = header;
    const arrival: Arrival = { peer, channel, sequence: execution, flags, bytes: messageBytes };
    if (first === 0) this.#place = inbox.place(arrival);
    if (this.#place === null) return false;
    if (this.#place.length !== messageBytes)
      throw this.#broken(`a message of ${messageBytes} bytes changed its size`);
    this.#place.set(frame.subarray(HEADER_BYTES, HEADER_BYTES + payloadBytes), first);
    this.#giveBack(payloadBytes);
    if (first + payloadBytes === messageBytes) {
      this.#place = null;
      inbox.arrived(arrival);
    }
    return true;
  }

  #giveBack(bytes: number): void {
    this.#owedCredit += bytes;
    if (this.#owedCredit < WINDOW_BYTES / 4) return;
    this.#outbox?.notify("credit", this.#owedCredit);
    this.#owedCredit = 0;
    this.#outbox?.pump();
  }

  #part(): void {
    this.#parting = true;
    this.#options.parted();
  }

  #tick(): void {
    const { patience, peerName, dials } = this.#options;
    this.#silentMs += patience.beatMs;
    this.#lifeMs += patience.beatMs;
    if (this.#outbox) {
      this.#outbox.notify("beat");
      this.#guard(() => this.#outbox?.pump());
      if (this.#silentMs > patience.deadMs && !this.#parting)
        this.#options.failed(
          new LinkError(
            "peer-silent",
            `${peerName} has said nothing for ${this.#silentMs / 1000} s`,
            "look whether its host is up, stopped or cut off",
          ),
        );
    } else if (this.#lifeMs > patience.greetMs)
      this.#options.failed(
        new LinkError(
          "no-greeting",
          `${peerName} has not greeted in ${patience.greetMs / 1000} s at ${this.#options.address}`,
          "look whether it runs, and whether a firewall or another program holds that address",
        ),
      );
    else if (dials) this.#hail();
    else if (this.#lifeMs % REBIND_MS < patience.beatMs) this.#rebind();
  }

  #aborted(payload: Buffer): LinkError {
    const report = JSON.parse(payload.toString()) as AbortReport;
    return new LinkError(
      "aborted",
      `${this.#options.peerName} stopped: ${report.message}`,
      "see its failure",
      {
        ...(report.rank === undefined ? {} : { rank: report.rank }),
        ...(report.step === undefined ? {} : { step: report.step }),
      },
    );
  }

  #broken(what: string): LinkError {
    return new LinkError(
      "link-broken",
      `the link to ${this.#options.peerName} is broken: ${what}`,
      "look at the network between the hosts; the run can be resumed from its last checkpoint",
    );
  }
}
