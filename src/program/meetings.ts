/**
 * Where a rank's program meets the other processes: before a node it waits for what it reads of theirs, after a node it says that
 * its part of what they read is made.
 *
 *     enter 0 │ … start a │ … start b │ ▒ barrier ▒ │ enter 1 │ wait a₁ │ dW … │ wait b₁ │ dW … │ drain a, b │ ▒ barrier ▒
 *
 * Rank 0 speaks for its process: it says which phase is entered, before which nothing of that phase may arrive here, and closes a
 * phase only when all that is left of the phase before has arrived and left: the memory is others' after that.
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import type { Meeting } from "./instruction.ts";
import { type TransferPlan, transferId } from "./transfers.ts";
import { processCount } from "./world.ts";

/** A meeting and what it is about. */
export type Appointment = readonly [Meeting, subject: number];

export class Appointments {
  readonly #plan: TransferPlan;
  readonly #rank: number;
  readonly #others: readonly number[];
  readonly #awaited = new Set<number>();
  /** The bundles in which a tensor travels, and those that a node makes a part of. */
  readonly #byTensor = new Map<Tensor, number>();
  readonly #byNode = new Map<Node, number[]>();

  constructor(plan: TransferPlan, rank: number) {
    const { world } = plan;
    this.#plan = plan;
    this.#rank = rank;
    this.#others = Array.from({ length: processCount(world) }, (_, process) => process).filter(
      (process) => process !== world.self,
    );
    for (const [index, { crossings }] of plan.bundles.entries())
      for (const { tensor, node } of crossings) {
        this.#byTensor.set(tensor, index);
        this.#byNode.set(node, [...(this.#byNode.get(node) ?? []), index]);
      }
  }

  atBegin(phase: number): Appointment[] {
    return this.#rank === 0 && this.#others.length > 0 ? [["enter", phase]] : [];
  }

  before(node: Node, phase: number): Appointment[] {
    return node.inputs.flatMap((tensor) => {
      const bundle = this.#byTensor.get(tensor);
      // What is read in the phase that makes it is the rank's own slice; what is read before is of the step before.
      return bundle !== undefined && this.#plan.bundles[bundle].phase < phase ? this.#waits(bundle) : [];
    });
  }

  after(node: Node): Appointment[] {
    const { world } = this.#plan;
    return (this.#byNode.get(node) ?? []).map((bundle) => [
      "start",
      transferId(this.#plan, bundle, world.self),
    ]);
  }

  atEnd(phase: number): Appointment[] {
    if (this.#rank !== 0) return [];
    const { bundles, world } = this.#plan;
    const due = bundles.flatMap((bundle, index) => (bundle.phase === phase - 1 ? [index] : []));
    return due.flatMap((bundle) => [
      ...this.#waits(bundle),
      ["drain", transferId(this.#plan, bundle, world.self)] as const,
    ]);
  }

  /** The transfers of a bundle from all other processes, each awaited once. */
  #waits(bundle: number): Appointment[] {
    const ids = this.#others.map((sender) => transferId(this.#plan, bundle, sender));
    const due = ids.filter((id) => !this.#awaited.has(id));
    for (const id of due) this.#awaited.add(id);
    return due.map((id) => ["wait", id]);
  }
}
