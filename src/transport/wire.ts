/** One nanomsg PAIR socket: whole frames in, whole frames out, polled on the main thread. It is at most once, and hides breaks. */
import { EnvironmentError } from "../base/errors.ts";
import { loadNanomsg, type NanomsgBindings } from "./addon.ts";
import { HEADER_BYTES, PAYLOAD_BYTES } from "./frame.ts";

const SEAL_BYTES = 16;
const LARGEST_FRAME_BYTES = HEADER_BYTES + PAYLOAD_BYTES + SEAL_BYTES;
const BUFFER_BYTES = 2 ** 21;
/** Frames taken at one turn of the event loop: others want their turn, and freeing what was received takes one. */
const FRAMES_A_TURN = 16;

export interface WireOptions {
  readonly address: string;
  readonly binds: boolean;
  readonly received: (frame: Buffer) => void;
  /** After send() has returned false: it is worth another try. */
  readonly writable: () => void;
}

export class Wire {
  readonly #nanomsg: NanomsgBindings;
  readonly #socket: number;
  readonly #options: WireOptions;
  #receiving: unknown;
  #sending: unknown = null;
  #isClosed = false;

  /** Throws an EnvironmentError `address-in-use` or `no-socket`. */
  constructor(options: WireOptions) {
    const nanomsg = loadNanomsg();
    this.#nanomsg = nanomsg;
    this.#options = options;
    this.#socket = nanomsg.Socket(nanomsg.AF_SP as number, nanomsg.NN_PAIR as number);
    if (this.#socket < 0) throw this.#failure("no-socket", "nanomsg gives no socket");
    this.#set(nanomsg.NN_SOL_SOCKET, nanomsg.NN_RCVMAXSIZE, LARGEST_FRAME_BYTES);
    this.#set(nanomsg.NN_SOL_SOCKET, nanomsg.NN_SNDBUF, BUFFER_BYTES);
    this.#set(nanomsg.NN_SOL_SOCKET, nanomsg.NN_RCVBUF, BUFFER_BYTES);
    if (options.address.startsWith("tcp:")) this.#set(nanomsg.NN_TCP, nanomsg.NN_TCP_NODELAY, 1);
    const { address, binds } = options;
    const endpoint = binds ? nanomsg.Bind(this.#socket, address) : nanomsg.Connect(this.#socket, address);
    if (endpoint < 0) {
      const failure = this.#failure("address-in-use", `cannot ${binds ? "listen at" : "dial"} ${address}`);
      nanomsg.Close(this.#socket);
      throw failure;
    }
    this.#receiving = nanomsg.PollSocket(this.#socket, false, () => this.#receive());
  }

  /** Copies a frame into the socket; false where it takes none now: `writable` will be called. */
  send(frame: Buffer): boolean {
    if (this.#isClosed) return true;
    const { Send, NN_DONTWAIT } = this.#nanomsg;
    if (Send(this.#socket, frame, NN_DONTWAIT as number) >= 0) return true;
    this.#sending ??= this.#nanomsg.PollSocket(this.#socket, true, () => this.#ready());
    return false;
  }

  /** What is still in the socket is lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop("#receiving");
    this.#stop("#sending");
    // libuv must have let go of the socket's descriptors before they are closed.
    setImmediate(() => setImmediate(() => this.#nanomsg.Close(this.#socket)));
  }

  #stop(which: "#receiving" | "#sending"): void {
    const poll = which === "#receiving" ? this.#receiving : this.#sending;
    if (poll) this.#nanomsg.PollStop(poll);
    if (which === "#receiving") this.#receiving = null;
    else this.#sending = null;
  }

  #ready(): void {
    if (this.#isClosed) return;
    this.#stop("#sending");
    this.#options.writable();
  }

  #receive(): void {
    for (let frames = 0; frames < FRAMES_A_TURN && !this.#isClosed; frames++) {
      const frame = this.#nanomsg.Recv(this.#socket, this.#nanomsg.NN_DONTWAIT as number);
      if (typeof frame === "number") return;
      this.#options.received(frame);
    }
  }

  #set(level: unknown, option: unknown, value: number): void {
    this.#nanomsg.Setopt(this.#socket, level as number, option as number, value);
  }

  #failure(code: string, what: string): EnvironmentError {
    return new EnvironmentError(
      code,
      `${what}: ${this.#nanomsg.Err()}`,
      "another address, or fewer processes",
    );
  }
}
