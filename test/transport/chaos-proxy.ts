/**
 * A TCP proxy between two ends of a link that knows where nanomsg's messages begin (8 bytes of greeting, then 8 bytes of length
 * before each), and does to one of them what a bad network, or somebody on it, could do.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export const CHAOS = [
  "reset",
  "stall",
  "cut",
  "lose",
  "repeat",
  "flip",
  "flip-length",
  "swap",
  "forge",
] as const;
export type Chaos = (typeof CHAOS)[number];
export type Way = "dialer" | "listener";

const GREETING_BYTES = 8;
const LENGTH_BYTES = 8;

export class ChaosProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #plan: { chaos: Chaos; from: Way; after: number; draw: number } | null = null;
  #held: Buffer | null = null;
  #heldWay: Way = "dialer";
  #isStalled = false;
  /** Messages that the dialer sent, for who wants to say them again. */
  readonly recorded: Buffer[] = [];

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static start(targetPort: number): Promise<ChaosProxy> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new ChaosProxy(server, targetPort)));
    });
  }

  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Strikes the message after `after` more from that side; `draw` says where in it. */
  strike(chaos: Chaos, from: Way, after: number, draw: number): void {
    this.#plan = { chaos, from, after, draw };
  }

  get hasStruck(): boolean {
    return this.#plan === null;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(dialer: Socket): void {
    const listener = connect(this.#targetPort, "127.0.0.1");
    this.#relay(dialer, listener, "dialer");
    this.#relay(listener, dialer, "listener");
  }

  #relay(from: Socket, to: Socket, way: Way): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    let rest: Buffer = Buffer.alloc(0);
    let hasGreeted = false;
    from.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (!this.#isStalled) {
        const size = hasGreeted ? messageBytes(rest) : GREETING_BYTES;
        if (rest.length < size) return;
        const message = Buffer.from(rest.subarray(0, size));
        rest = rest.subarray(size);
        if (!hasGreeted) to.write(message);
        else this.#pass(message, to, from, way);
        hasGreeted = true;
      }
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      to.destroy();
      this.#sockets.delete(from);
    });
  }

  #pass(message: Buffer, to: Socket, from: Socket, way: Way): void {
    if (way === "dialer") this.recorded.push(message);
    const plan = this.#plan;
    if (plan !== null && plan.from === way && plan.after-- === 0) {
      this.#plan = null;
      this.#heldWay = way;
      this.#strike(plan.chaos, plan.draw, message, to, from);
      return;
    }
    to.write(message);
    if (this.#held === null || way !== this.#heldWay) return;
    to.write(this.#held);
    this.#held = null;
  }

  #strike(chaos: Chaos, draw: number, message: Buffer, to: Socket, from: Socket): void {
    const at = LENGTH_BYTES + Math.floor(draw * (message.length - LENGTH_BYTES));
    if (chaos === "flip") message[at] ^= 1 << (at & 7);
    if (chaos === "flip-length") message[Math.floor(draw * LENGTH_BYTES)] ^= 1 << (at & 7);
    if (chaos === "forge") message.fill((message[at] + 1) & 255, at);
    if (chaos === "stall") this.#isStalled = true;
    else if (chaos === "swap") this.#held = message;
    else if (chaos === "cut") to.write(message.subarray(0, at), () => to.destroy());
    else if (chaos === "reset") {
      to.write(message.subarray(0, at), () => to.resetAndDestroy());
      from.resetAndDestroy();
    } else if (chaos !== "lose") to.write(message);
    if (chaos === "repeat") to.write(message);
  }
}

function messageBytes(bytes: Buffer): number {
  return bytes.length < LENGTH_BYTES
    ? Number.POSITIVE_INFINITY
    : LENGTH_BYTES + Number(bytes.readBigUInt64BE(0));
}
