/**
 * Where a rank's program meets the other processes: before a node it waits for what it reads of theirs, after a node it says that
 * its part of what they read is made.
 *
 *     enter 0 │ … start a │ … start b │ ▒ barrier ▒ │ enter 1 │ wait a₁ │ dW … │ wait b₁ │ dW … │ drain a, b │ ▒ barrier ▒
 *
 * Sums in chunks go on with what the process before has sent, and are read when they have come back:
 *
 *     enter 1 │ wait sums c │ dW rows of c │ start sums c │ … │ ▒ barrier ▒ │ enter 2 │ wait result c │ update │ drain c │ ▒ barrier ▒
 *
 * A shard is made of what all have sent, like the sums that need no chunks, and read by the others when it has come.
 *
 * Rank 0 speaks for its process: it says which phase is entered, before which nothing of that phase may arrive here, and closes a
 * phase only when all that is left of the phase before has arrived and left: the memory is others' after that.
 */
import type { Node, Slice, Tensor } from "../graph/tensor.ts";
import type { PartialSums } from "./arguments.ts";
import type { Meeting } from "./instruction.ts";
import { accessesOf } from "./split.ts";
import { TransferIds, type TransferPlan } from "./transfers.ts";
import { processCount, turnOf } from "./world.ts";

/** A meeting and what it is about. */
export type Appointment = readonly [Meeting, subject: number];

/** What a rank makes of a node's sums: rows of one chunk. */
export interface ChunkTurn {
  readonly chunk: number;
  readonly slice: Slice;
}

export class Appointments {
  readonly #plan: TransferPlan;
  readonly #ids: TransferIds;
  readonly #rank: number;
  readonly #others: readonly number[];
  readonly #awaited = new Set<number>();
  /** The bundles in which a tensor travels, and those that a node makes a part of. */
  readonly #byTensor = new Map<Tensor, number>();
  readonly #byNode = new Map<Node, number[]>();
  /** The chunks of a node's sums. */
  readonly #chunks = new Map<Node, ChunkTurn[]>();
  readonly #summed = new Map<Tensor, ChunkTurn[]>();

  constructor(plan: TransferPlan, rank: number) {
    const { world } = plan;
    this.#plan = plan;
    this.#ids = new TransferIds(plan);
    this.#rank = rank;
    this.#others = Array.from({ length: processCount(world) }, (_, process) => process).filter(
      (process) => process !== world.self,
    );
    for (const [index, { crossings }] of plan.bundles.entries())
      for (const { tensor, node } of crossings) {
        this.#byTensor.set(tensor, index);
        this.#byNode.set(node, [...(this.#byNode.get(node) ?? []), index]);
      }
    for (const [chunk, { parts }] of plan.chunks.entries())
      for (const { node, slice } of parts) {
        const turns = this.#chunks.get(node) ?? [];
        turns.push({ chunk, slice });
        this.#chunks.set(node, turns);
        this.#summed.set(node.outputs[0], turns);
      }
  }

  atBegin(phase: number): Appointment[] {
    return this.#rank === 0 && this.#others.length > 0 ? [["enter", phase]] : [];
  }

  /** The chunks of a node's sums that this rank makes; null for a node whose sums are not made in chunks. */
  turnsOf(node: Node): ChunkTurn[] | null {
    const { self, ranks } = this.#plan.world;
    const isOurs = ({ chunk }: ChunkTurn) =>
      this.#isSharded(chunk)
        ? this.#isMadeHere(chunk) && turnOf(this.#plan.world, chunk).rank === this.#rank
        : chunk % ranks[self] === this.#rank;
    return this.#chunks.get(node)?.filter(isOurs) ?? null;
  }

  before(node: Node, phase: number): Appointment[] {
    return node.inputs.flatMap((tensor) => {
      const turns = this.#summed.get(tensor);
      if (turns) return this.#waitForResults(node, tensor, turns);
      const bundle = this.#byTensor.get(tensor);
      // What is read in the phase that makes it is the rank's own slice; what is read before is of the step before.
      const isRead =
        bundle !== undefined && this.#plan.bundles[bundle].phase < phase && !this.#sumsOwnSamples(node);
      return isRead ? this.#waits(bundle) : [];
    });
  }

  /** What a turn sums; null: all samples. */
  partialOf(turn: ChunkTurn): PartialSums | null {
    return this.#isSharded(turn.chunk) ? null : { goesOn: this.#goesOn(turn), microBatch: null };
  }

  /** The sums that a turn goes on with. */
  beforeTurn(turn: ChunkTurn | null): Appointment[] {
    const { self } = this.#plan.world;
    return turn && this.#goesOn(turn) ? this.#waitFor(this.#ids.ofSums(turn.chunk, self - 1)) : [];
  }

  after(node: Node): Appointment[] {
    const { world } = this.#plan;
    return (this.#byNode.get(node) ?? []).map((bundle) => ["start", this.#ids.ofBundle(bundle, world.self)]);
  }

  afterTurn(turn: ChunkTurn | null): Appointment[] {
    if (turn === null) return [];
    const { self } = this.#plan.world;
    if (!this.#isOrdered(turn.chunk)) return [["start", this.#ids.ofChunk(turn.chunk)]];
    const id = this.#isLast ? this.#ids.ofResult(turn.chunk, self) : this.#ids.ofSums(turn.chunk, self);
    return [["start", id]];
  }

  atEnd(phase: number): Appointment[] {
    if (this.#rank !== 0) return [];
    const { bundles, chunks, world } = this.#plan;
    const due = (list: readonly { phase: number }[]) =>
      list.flatMap((item, index) => (item.phase === phase - 1 ? [index] : []));
    return [
      ...due(bundles).flatMap((bundle): Appointment[] => [
        ...this.#waits(bundle),
        ["drain", this.#ids.ofBundle(bundle, world.self)],
      ]),
      ...due(chunks).flatMap((chunk) => [...this.#waitForResult(chunk), ...this.#drains(chunk)]),
    ];
  }

  #isOrdered(chunk: number): boolean {
    return this.#plan.chunks[chunk].form === "ordered";
  }

  #isSharded(chunk: number): boolean {
    return this.#plan.chunks[chunk].form === "sharded";
  }

  /** Of chunks of which one process makes the whole. */
  #isMadeHere(chunk: number): boolean {
    return turnOf(this.#plan.world, chunk).process === this.#plan.world.self;
  }

  #sumsOwnSamples(node: Node): boolean {
    return this.#chunks.get(node)?.some(({ chunk }) => !this.#isSharded(chunk)) ?? false;
  }

  /** Whether a turn goes on with the sums of the process before. */
  #goesOn({ chunk }: ChunkTurn): boolean {
    return this.#plan.world.self > 0 && this.#isOrdered(chunk);
  }

  get #isLast(): boolean {
    return this.#plan.world.self === this.#others.length;
  }

  /** The results of a tensor's chunks; whoever writes over the tensor waits until they are passed on, too. */
  #waitForResults(node: Node, tensor: Tensor, turns: readonly ChunkTurn[]): Appointment[] {
    const mayOverwrite =
      node.inputs[node.op.inPlace?.[1] ?? -1] === tensor ||
      accessesOf(node).some((access) => access.tensor === tensor && access.writes);
    return turns.flatMap(({ chunk }) => [
      ...this.#waitForResult(chunk),
      ...(mayOverwrite ? this.#drains(chunk) : []),
    ]);
  }

  #waitForResult(chunk: number): Appointment[] {
    const { self } = this.#plan.world;
    // Who made the result has it since the barrier that closed the phase.
    if (this.#isSharded(chunk)) return this.#isMadeHere(chunk) ? [] : this.#waitFor(this.#ids.ofChunk(chunk));
    if (!this.#isOrdered(chunk)) return this.#waitFor(this.#ids.ofChunk(chunk));
    return this.#isLast ? [] : this.#waitFor(this.#ids.ofResult(chunk, self + 1));
  }

  /** Sums that were sent on have left long before their result is back; an allreduce is done when all has left. */
  #drains(chunk: number): Appointment[] {
    const { self } = this.#plan.world;
    if (this.#isSharded(chunk)) return this.#isMadeHere(chunk) ? [["drain", this.#ids.ofChunk(chunk)]] : [];
    return this.#isOrdered(chunk) && self > 0 ? [["drain", this.#ids.ofResult(chunk, self)]] : [];
  }

  /** The transfers of a bundle from all other processes. */
  #waits(bundle: number): Appointment[] {
    return this.#others.flatMap((sender) => this.#waitFor(this.#ids.ofBundle(bundle, sender)));
  }

  /** Each is awaited once. */
  #waitFor(id: number): Appointment[] {
    if (this.#awaited.has(id)) return [];
    this.#awaited.add(id);
    return [["wait", id]];
  }
}
