/**
 * A wire of nanomsg: one PAIR socket, polled on the main thread. It is at most once, hides breaks, and lets
 * in the first comer.
 */
import { isMainThread } from "node:worker_threads";
import { EnvironmentError } from "../base/errors.ts";
import { loadNanomsg, type NanomsgBindings } from "./addon.ts";
import type { Wire, WireReceiver } from "./wire.ts";

/** Of the kernel, each way: what is on its way while the other side does something else. */
const BUFFER_BYTES = 2 ** 21;
/** Short: a dialer races for the place with whoever else dials. */
const RECONNECT_MS = 20;
const REBIND_MS = 100;
/** Frames taken at one turn of the event loop: others want their turn, and freeing what was received takes one. */
const FRAMES_A_TURN = 16;

export interface NanomsgOptions {
  readonly address: string;
  readonly binds: boolean;
  /** Of frames, for now. */
  readonly admitBytes: number;
}

const NOBODY: WireReceiver = { frame() {}, writable() {}, broken() {} };

export class NanomsgWire implements Wire {
  #receiver: WireReceiver = NOBODY;
  readonly #nanomsg: NanomsgBindings;
  readonly #options: NanomsgOptions;
  #admitBytes: number;
  #socket: number;
  #receiving: unknown = null;
  #sending: unknown = null;
  #refused = false;
  #isClosed = false;
  /** Between sockets: the old one is being closed. */
  #isMoving = false;

  /** Throws an EnvironmentError `address-in-use`, `no-address`, `no-socket` or `not-main-thread`. */
  constructor(options: NanomsgOptions) {
    if (!isMainThread)
      throw new EnvironmentError(
        "not-main-thread",
        "nanomsg's sockets can be polled on the main thread only",
        "please report it",
      );
    this.#nanomsg = loadNanomsg();
    this.#options = options;
    this.#admitBytes = options.admitBytes;
    this.#socket = this.#connect();
  }

  get receiver(): WireReceiver {
    return this.#receiver;
  }

  /** Until somebody receives, what arrives stays where it is. */
  set receiver(receiver: WireReceiver) {
    this.#receiver = receiver;
    if (!this.#isMoving && !this.#isClosed) this.#poll();
  }

  send(frame: Buffer): boolean {
    if (this.#isClosed) return true;
    if (this.#isMoving) return false;
    const { Send, NN_DONTWAIT } = this.#nanomsg;
    if (Send(this.#socket, frame, NN_DONTWAIT as number) >= 0) return true;
    this.#complain();
    this.#refused = true;
    this.#sending ??= this.#nanomsg.PollSocket(this.#socket, true, () => this.#ready());
    return false;
  }

  drain(): void {
    const socket = this.#socket;
    for (let frames = 0; frames < FRAMES_A_TURN; frames++) {
      if (this.#isClosed || this.#isMoving || socket !== this.#socket) return;
      const frame = this.#nanomsg.Recv(socket, this.#nanomsg.NN_DONTWAIT as number);
      if (typeof frame === "number") {
        this.#complain();
        return;
      }
      this.#receiver.frame(frame);
      letGo(frame);
    }
  }

  admit(bytes: number): void {
    this.#admitBytes = bytes;
    if (!this.#isMoving && !this.#isClosed) this.#set("NN_SOL_SOCKET", "NN_RCVMAXSIZE", bytes);
  }

  /** nanomsg cannot turn out one peer: the socket goes, and another takes its address. */
  evict(): void {
    if (this.#isClosed || this.#isMoving) return;
    this.#isMoving = true;
    this.#letGo(() => this.#reopen());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isMoving) this.#letGo(() => {});
  }

  #connect(): number {
    const nanomsg = this.#nanomsg;
    const { address, binds } = this.#options;
    this.#socket = nanomsg.Socket(nanomsg.AF_SP as number, nanomsg.NN_PAIR as number);
    if (this.#socket < 0) throw this.#failure("no-socket", "nanomsg gives no socket");
    this.#set("NN_SOL_SOCKET", "NN_RCVMAXSIZE", this.#admitBytes);
    this.#set("NN_SOL_SOCKET", "NN_SNDBUF", BUFFER_BYTES);
    this.#set("NN_SOL_SOCKET", "NN_RCVBUF", BUFFER_BYTES);
    this.#set("NN_SOL_SOCKET", "NN_RECONNECT_IVL", RECONNECT_MS);
    if (address.startsWith("tcp:")) this.#set("NN_TCP", "NN_TCP_NODELAY", 1);
    if (address.startsWith("tcp://[")) this.#set("NN_SOL_SOCKET", "NN_IPV4ONLY", 0);
    const endpoint = binds ? nanomsg.Bind(this.#socket, address) : nanomsg.Connect(this.#socket, address);
    if (endpoint < 0) {
      const code = nanomsg.Errno() === nanomsg.EADDRINUSE ? "address-in-use" : "no-address";
      const failure = this.#failure(code, `cannot ${binds ? "listen at" : "dial"} ${address}`);
      nanomsg.Close(this.#socket);
      throw failure;
    }
    if (this.#receiver !== NOBODY) this.#poll();
    return this.#socket;
  }

  #poll(): void {
    this.#receiving ??= this.#nanomsg.PollSocket(this.#socket, false, () => this.drain());
  }

  /** The address may be taken for a moment, by what the old socket had accepted; who waits for a peer has a deadline. */
  #reopen(): void {
    if (this.#isClosed) return;
    try {
      this.#connect();
      this.#isMoving = false;
      this.#receiver.writable();
    } catch (thrown) {
      if (!(thrown instanceof EnvironmentError) || thrown.code !== "address-in-use")
        this.#receiver.broken(String(thrown));
      else setTimeout(() => this.#reopen(), REBIND_MS);
    }
  }

  /** libuv must have let go of the socket's descriptors before they are closed, which is on a later turn. */
  #letGo(then: () => void): void {
    const socket = this.#socket;
    for (const poll of [this.#receiving, this.#sending]) if (poll !== null) this.#nanomsg.PollStop(poll);
    this.#receiving = null;
    this.#sending = null;
    setImmediate(() =>
      setImmediate(() => {
        this.#nanomsg.Close(socket);
        then();
      }),
    );
  }

  /** The poll goes on as long as frames are refused now and then: making one costs more than a call. */
  #ready(): void {
    if (this.#isClosed || this.#sending === null) return;
    this.#refused = false;
    this.#receiver.writable();
    if (this.#refused || this.#sending === null) return;
    this.#nanomsg.PollStop(this.#sending);
    this.#sending = null;
  }

  /** A call failed: nothing if that only means not now. */
  #complain(): void {
    const { Errno, EBADF, ETERM, EINVAL, ENOTSUP } = this.#nanomsg;
    const number = Errno();
    if (number === EBADF || number === ETERM || number === EINVAL || number === ENOTSUP)
      this.#receiver.broken(`nanomsg says ${this.#nanomsg.Err()}`);
  }

  #set(level: string, option: string, value: number): void {
    const nanomsg = this.#nanomsg;
    if (nanomsg.Setopt(this.#socket, nanomsg[level] as number, nanomsg[option] as number, value) < 0)
      throw this.#failure("no-socket", `nanomsg does not take ${option} = ${value}`);
  }

  #failure(code: string, what: string): EnvironmentError {
    const reason = this.#nanomsg.Err();
    return new EnvironmentError(code, `${what}: ${reason}`, "another address, or fewer processes");
  }
}

/** Frees a frame at once: it is no part of V8's heap, all of which V8 would go through for every 64 MB of them (Node 20 does). */
function letGo({ buffer }: Buffer): void {
  (buffer as ArrayBuffer).transfer?.(0);
}
