/**
 * From the stages of a pipeline to the program of one rank: micro-batch after micro-batch as the schedule says, then the rest.
 *
 *     hold forward (s−1, j) │ forward of j │ pass forward (s, j) │ …
 *     hold dX (s+1, j)      │ dX of j      │ pass dX (s, j)      │ hold dX (s, j) │ dW goes on with j │ …
 *     ▒ barrier ▒            │ sums of losses, clipping, updates, phase by phase    │ ▒ barrier ▒
 *
 * dW reads rows of all ranks of its gang, so it waits for them; a rank alone does not. Weights are read until the barrier and written
 * after it. The sums of a stage ascend through the micro-batches, so that their chains are those of one rank; those of several
 * micro-batches are one call, made with the last of them (NUMERICS §7, schedule/weight-sums.ts): nobody waits for dW, and its sums
 * stay in registers longer.
 */
import type { Node } from "../graph/tensor.ts";
import type { Action } from "../schedule/action.ts";
import type { LoweringContext, PartialSums, Share } from "./arguments.ts";
import type { Program } from "./instruction.ts";
import { Listing } from "./listing.ts";
import { shareOf } from "./lower.ts";
import type { Appointment } from "./meetings.ts";
import { predecessors } from "./order.ts";
import { cutIntoPhases } from "./phases.ts";
import { gangOfRank, gateOf, type Passage, type Pipeline } from "./pipeline.ts";
import { nodesOfStages } from "./stages.ts";

/** The phases of what is left for the end of the step. */
export const restPhases = ({ plan }: Pick<Pipeline, "plan">): Node[][] => cutIntoPhases(plan.rest);

export function lowerPipeline(context: LoweringContext, pipeline: Pipeline): Program {
  const lowering = new PipelineLowering(context, pipeline);
  for (const action of pipeline.actions[gangOfRank(pipeline.gangs, context.rank)]) lowering.add(action);
  return lowering.finish();
}

class PipelineLowering {
  readonly #context: LoweringContext;
  readonly #pipeline: Pipeline;
  readonly #listing = new Listing();
  /** By node: the earlier nodes that it must follow. */
  readonly #before = new Map<Node, readonly Node[]>();
  /** By node: its latest instruction. */
  readonly #latest = new Map<Node, number>();

  constructor(context: LoweringContext, pipeline: Pipeline) {
    this.#context = context;
    this.#pipeline = pipeline;
    const nodes = [...nodesOfStages(pipeline.plan), ...pipeline.plan.rest];
    for (const [index, before] of predecessors(nodes).entries())
      this.#before.set(
        nodes[index],
        before.map((earlier) => nodes[earlier]),
      );
  }

  add(action: Action): void {
    const { kind } = action;
    if (kind === "forward") this.#addForward(action);
    if (kind === "input-gradient" || kind === "backward") this.#addInputGradient(action);
    if (kind === "weight-gradient" || kind === "backward") this.#addWeightGradient(action);
  }

  finish(): Program {
    const { rank } = this.#context;
    this.#listing.meet([["barrier", -1]]);
    for (const phase of restPhases(this.#pipeline)) {
      for (const node of phase) {
        const share = shareOf(node, this.#context);
        if (share !== null) this.#call(node, share, null);
      }
      this.#listing.meet([["barrier", -1]]);
    }
    return { rank, instructions: this.#listing.instructions };
  }

  #addForward(action: Action): void {
    const { stage, microBatch } = action;
    if (stage > 0) this.#hold("forward", stage - 1, microBatch);
    for (const node of this.#pipeline.plan.stages[stage].forward)
      this.#call(node, { microBatch }, null, action);
    this.#pass("forward", stage, microBatch);
  }

  #addInputGradient(action: Action): void {
    const { stage, microBatch } = action;
    const { stages } = this.#pipeline.plan;
    if (stage + 1 < stages.length) this.#hold("input-gradient", stage + 1, microBatch);
    for (const node of stages[stage].inputGradient) this.#call(node, { microBatch }, null, action);
    this.#pass("input-gradient", stage, microBatch);
  }

  #addWeightGradient(action: Action): void {
    const { stage, microBatch } = action;
    const since = this.#pipeline.summedSince[microBatch];
    if (since === null) return;
    if (this.#gangRanks > 1) this.#hold("input-gradient", stage, microBatch);
    const partial = { goesOn: since > 0, microBatch, microBatches: microBatch - since + 1 };
    for (const node of this.#pipeline.plan.stages[stage].weightGradient) {
      const share = shareOf(node, this.#context);
      if (share !== null) this.#call(node, share, partial, action);
    }
  }

  get #gangRanks(): number {
    return this.#pipeline.gangs[0].ranks;
  }

  #hold(passage: Passage, stage: number, microBatch: number): void {
    this.#meet(["hold", gateOf(this.#pipeline, passage, stage, microBatch)]);
  }

  #pass(passage: Passage, stage: number, microBatch: number): void {
    this.#meet(["pass", gateOf(this.#pipeline, passage, stage, microBatch)]);
  }

  #meet(appointment: Appointment): void {
    this.#listing.meet([appointment]);
  }

  #call(node: Node, share: Share, partial: PartialSums | null, action?: Action): void {
    const earlier = [...(this.#before.get(node) ?? []), ...(partial?.goesOn ? [node] : [])];
    const dependencies = earlier.map((other) => this.#latest.get(other)).filter((id) => id !== undefined);
    const place = action && { stage: action.stage, microBatch: action.microBatch };
    const part = { node, share, partial, context: this.#context };
    this.#latest.set(node, this.#listing.call(part, dependencies, place));
  }
}
