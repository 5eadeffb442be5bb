/** Says when to give a sign of life, and whether the other end gives any. */
import { LinkError } from "./link-error.ts";
import type { Patience } from "./patience.ts";

export class Heartbeat {
  readonly #patience: Patience;
  readonly #peerName: string;
  readonly #warn: (message: string) => void;
  #silentMs = 0;
  #quietMs = 0;
  #sentBefore = 0;

  constructor(patience: Patience, peerName: string, warn: (message: string) => void) {
    this.#patience = patience;
    this.#peerName = peerName;
    this.#warn = warn;
  }

  heard(): void {
    if (this.#silentMs >= this.#patience.suspectMs) this.#warn(`${this.#peerName} is heard again`);
    this.#silentMs = 0;
  }

  /** Whether a beat is due, when so many frames were sent in all. */
  owesBeat(awakeMs: number, framesSent: number): boolean {
    this.#quietMs = framesSent === this.#sentBefore ? this.#quietMs + awakeMs : 0;
    this.#sentBefore = framesSent;
    return this.#quietMs >= this.#patience.beatMs;
  }

  /** Throws a LinkError `peer-silent` that says what was the last. */
  listen(awakeMs: number, lastHeard: string): void {
    const { suspectMs, deadMs } = this.#patience;
    const before = this.#silentMs;
    this.#silentMs += awakeMs;
    const silence = (ms: number) => `${this.#peerName} has said nothing for ${ms / 1000} s`;
    if (before < suspectMs && this.#silentMs >= suspectMs) this.#warn(silence(suspectMs));
    if (this.#silentMs < deadMs) return;
    throw new LinkError(
      "peer-silent",
      `${silence(deadMs)}; the last it sent was ${lastHeard}`,
      "look whether its host is up, stopped or cut off",
    );
  }
}
