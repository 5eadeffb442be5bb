/** What a link runs over: carries frames to one peer, and may lose, repeat, reorder or change them. */

export interface Wire {
  /** Who gets what arrives. */
  receiver: WireReceiver;
  /** Takes the whole frame, and copies it; or false: not now, `writable` will say when. */
  send(frame: Buffer): boolean;
  /** Reads what is there already. */
  drain(): void;
  /** Frames of up to so many bytes are let in. */
  admit(bytes: number): void;
  /** Turns out whoever is connected, who is no peer of ours. */
  evict(): void;
  /** Lets go at once; what the system has not taken is lost. May be called twice. */
  close(): void;
}

export interface WireReceiver {
  /** The frame is the wire's own again when this returns: what is to be kept is to be copied. */
  frame(frame: Buffer): void;
  writable(): void;
  /** The wire itself does not work any longer. */
  broken(reason: string): void;
}

/** Milliseconds and timers; tests have a virtual one. */
export interface Clock {
  now(): number;
  /** Calls again and again, until the function it returns is called. */
  every(periodMs: number, call: () => void): () => void;
  /** After everything that is under way on this turn. */
  soon(call: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(periodMs, call) {
    const timer = setInterval(call, periodMs);
    return () => clearInterval(timer);
  },
  soon: (call) => void setImmediate(call),
};
