/**
 * Whether all processes still have the same weights: every so many steps, and before a checkpoint is kept, each tells the others the
 * fingerprint of its own, and whoever differs from most of them is named. What broke silently, a memory or a processor, would else go on unseen.
 */
import { RankError } from "../base/errors.ts";
import { firstRankOf, processCount, ranksOf, type World } from "../program/world.ts";
import type { Arrival, Transport } from "../transport/transport.ts";

/** Steps from one comparison to the next. */
export const REPLICA_STEPS = 100;

/** Rounds of comparing between steps are steps done, counted from here: executions never get so far. */
export const BETWEEN_STEPS = 2 ** 31;

/** Words of a fingerprint. */
export const FINGERPRINT_WORDS = 4;
const BYTES = 4 * FINGERPRINT_WORDS;

export interface ReplicaOptions {
  readonly world: World;
  /** What nothing else is sent by. */
  readonly channel: number;
  /** Steps that were done when the fingerprint in hand was taken. */
  readonly step: () => number;
  /** All had the same, as far as this process has heard. */
  readonly agreed: (round: number) => void;
}

/** One process's fingerprint, of one round: the execution before which it was taken, or one that is only for comparing. */
interface Found {
  round: number;
  readonly words: Uint32Array;
}

export class Replicas {
  readonly #options: ReplicaOptions;
  /** By process. A round of −1: none yet. */
  readonly #found: readonly Found[];

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const words = () => new Uint32Array(FINGERPRINT_WORDS);
    this.#found = Array.from({ length: processCount(options.world) }, () => ({
      round: -1,
      words: words(),
    }));
  }

  owns(channel: number): boolean {
    return channel === this.#options.channel;
  }

  /** This process's own: sent to all others. Throws a RankError if another's, heard before, is different. */
  tell(transport: Transport, round: number, words: Uint32Array): void {
    const { channel, world } = this.#options;
    const own = this.#found[world.self];
    own.words.set(words);
    own.round = round;
    const message = { channel, sequence: round, flags: 0, bytes: bytesOf(own.words) };
    for (const peer of transport.peers) transport.send(peer, message, () => {});
    this.#compare(round);
  }

  place({ peer, bytes }: Arrival): Uint8Array {
    if (bytes !== BYTES)
      throw new RankError(
        "unexpected-message",
        `process ${peer} sent a fingerprint of ${bytes} bytes, where ${BYTES} were expected`,
        "the processes are of different versions; please report it",
        {},
      );
    return bytesOf(this.#found[peer].words);
  }

  arrived({ peer, sequence }: Arrival): void {
    this.#found[peer].round = sequence;
    this.#compare(sequence);
  }

  #compare(round: number): void {
    if (this.#found.some((found) => found.round !== round)) return;
    const texts = this.#found.map(({ words }) => words.join(" "));
    const count = (text: string) => texts.filter((other) => other === text).length;
    const most = texts.reduce((best, text) => (count(text) > count(best) ? text : best));
    const odd = texts.flatMap((text, process) => (text === most ? [] : [process]));
    if (odd.length > 0) throw this.#differ(odd, count(most) > odd.length, round);
    this.#options.agreed(round);
  }

  #differ(odd: readonly number[], isMinority: boolean, round: number): RankError {
    const { world } = this.#options;
    const step = round >= BETWEEN_STEPS ? round - BETWEEN_STEPS : this.#options.step();
    const who = odd.map((process) => `process ${process} (${ranksOf(world, process)})`).join(", ");
    const message = isMinority
      ? `after ${step} steps the weights of ${who} are not those of the others`
      : `after ${step} steps the processes have different weights, and no majority says whose are right`;
    return new RankError(
      "replicas-differ",
      message,
      `${isMinority ? "its" : "some"} machine's memory or processor may be faulty: leave it out, and go on from the last checkpoint`,
      {
        ...(isMinority && { rank: firstRankOf(world, odd[0]) }),
        step,
        operation: "training: compare weights",
      },
    );
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
