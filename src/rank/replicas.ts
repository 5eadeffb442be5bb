/**
 * Whether all processes still have the same weights: every so many steps, and before a checkpoint is kept,
 * each tells the others the fingerprint of its own, and whoever differs from most of them is named. What
 * broke silently, a memory or a processor, would else go on unseen.
 */
import { RankError } from "../base/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Holding } from "../program/holdings.ts";
import { firstRankOf, processCount, ranksOf, type World } from "../program/world.ts";
import type { Arrival, Transport } from "../transport/transport.ts";

/** Steps from one comparison to the next. */
export const REPLICA_STEPS = 100;

/** Rounds of comparing between steps are steps done, counted from here: executions never get so far. */
export const BETWEEN_STEPS = 2 ** 31;

/** Words of a fingerprint. */
export const FINGERPRINT_WORDS = 4;

/** Processes that have the same parameters after every step. */
export interface ReplicaGroup {
  readonly processes: readonly number[];
  readonly parameters: readonly Tensor[];
}

/** The groups of a world: one of all where every process has all parameters, else one for each gang, or piece of its weights. */
export function replicaGroups(
  world: World,
  holdings: readonly Holding[],
  parameters: readonly Tensor[],
): ReplicaGroup[] {
  if (holdings.length === 0) return [{ processes: processesOf(world), parameters }];
  return holdings.map(({ holders, tensors }) => ({
    processes: holders,
    parameters: tensors.filter(({ kind }) => kind === "parameter"), // Not states of optimizers; pieces, too.
  }));
}

const processesOf = (world: World): number[] =>
  Array.from({ length: processCount(world) }, (_, process) => process);

export interface ReplicaOptions {
  readonly world: World;
  /** Four words each. */
  readonly groups: readonly Pick<ReplicaGroup, "processes">[];
  /** What nothing else is sent by. */
  readonly channel: number;
  /** Steps that were done when the fingerprint in hand was taken. */
  readonly step: () => number;
  /** All had the same, as far as this process has heard. */
  readonly agreed: (round: number) => void;
}

export class Replicas {
  readonly #options: ReplicaOptions;
  /**
   * The fingerprints of rounds that are not complete, by process. A process that has heard all goes on, and
   * may be heard of the next round by one that still waits for somebody's word of this one.
   */
  readonly #rounds = new Map<number, Map<number, Uint32Array>>();
  /** By process: what arrives. A link brings one message after the other. */
  readonly #arriving = new Map<number, Uint32Array>();

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  owns(channel: number): boolean {
    return channel === this.#options.channel;
  }

  /**
   * This process's own words of a round (the execution before which they were taken, or one between steps):
   * sent to all others. They must not change any more. Throws a RankError if another's, heard before, are
   * different.
   */
  tell(transport: Transport, round: number, words: Uint32Array): void {
    const { channel, world } = this.#options;
    const { buffer, byteOffset, byteLength } = words;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    for (const peer of transport.peers)
      transport.send(peer, { channel, sequence: round, flags: 0, bytes }, () => {});
    this.#note(world.self, round, words);
  }

  /** Names those who have not told their words of a round in time. */
  late(round: number, timeoutMs: number): RankError {
    const { world } = this.#options;
    const missing = processesOf(world).filter((process) => !this.#rounds.get(round)?.has(process));
    const step = this.#stepOf(round);
    return new RankError(
      "comparing-late",
      `${missing.map((process) => named(world, process)).join(", ")} did not tell in ${timeoutMs / 1000} s which weights it has after ${step} steps`,
      "look at what that process was doing, or raise --collective-timeout",
      { rank: firstRankOf(world, missing[0]), step, operation: "training: compare weights" },
    );
  }

  place({ peer, bytes }: Arrival): Uint8Array {
    const expected = 4 * FINGERPRINT_WORDS * this.#options.groups.length;
    if (bytes !== expected)
      throw new RankError(
        "unexpected-message",
        `process ${peer} sent a fingerprint of ${bytes} bytes, where ${expected} were expected`,
        "the processes are of different versions; please report it",
        {},
      );
    const words = new Uint32Array(expected / 4);
    this.#arriving.set(peer, words);
    return new Uint8Array(words.buffer);
  }

  arrived({ peer, sequence }: Arrival): void {
    this.#note(peer, sequence, this.#arriving.get(peer) as Uint32Array);
  }

  /**
   * Compares when all of a round are known. Between steps all have all weights, but those that they do not
   * train of one of those who do: whose are right is to be judged among the latter.
   */
  #note(process: number, round: number, words: Uint32Array): void {
    const found = this.#rounds.get(round) ?? new Map<number, Uint32Array>();
    this.#rounds.set(round, found.set(process, words));
    const { world, groups } = this.#options;
    if (found.size < processCount(world)) return;
    this.#rounds.delete(round);
    for (const [group, { processes }] of groups.entries()) {
      const first = FINGERPRINT_WORDS * group;
      const textOf = (process: number) =>
        String(found.get(process)?.subarray(first, first + FINGERPRINT_WORDS));
      this.#compare(processes, textOf, round);
      if (round >= BETWEEN_STEPS) this.#compare(processesOf(world), textOf, round);
    }
    this.#options.agreed(round);
  }

  #compare(processes: readonly number[], textOf: (process: number) => string, round: number): void {
    const texts = processes.map(textOf);
    const count = (text: string) => texts.filter((other) => other === text).length;
    const most = texts.reduce((best, text) => (count(text) > count(best) ? text : best));
    const odd = processes.filter((_, index) => texts[index] !== most);
    if (odd.length > 0) throw this.#differ(processes, odd, count(most) > odd.length, round);
  }

  #differ(
    processes: readonly number[],
    odd: readonly number[],
    isMinority: boolean,
    round: number,
  ): RankError {
    const { world } = this.#options;
    const step = this.#stepOf(round);
    const list = (some: readonly number[]) => some.map((process) => named(world, process)).join(", ");
    const all = processes.length === processCount(world) ? "the processes" : list(processes);
    const message = isMinority
      ? `after ${step} steps the weights of ${list(odd)} are not those of the others`
      : `after ${step} steps ${all} have different weights, and no majority says whose are right`;
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

  /** How many steps were done before it. */
  #stepOf(round: number): number {
    return round >= BETWEEN_STEPS ? round - BETWEEN_STEPS : this.#options.step();
  }
}

/** A process as a person reads it. */
export const named = (world: World, process: number): string =>
  `process ${process} (${ranksOf(world, process)})`;
