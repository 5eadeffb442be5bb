/**
 * From the stages of a pipeline to the program of one rank: micro-batch after micro-batch as the schedule says, then the rest.
 *
 *     hold forward (s−1, j) │ forward of j │ pass forward (s, j) │ …
 *     hold dX (s+1, j)      │ dX of j      │ pass dX (s, j)      │ hold dX (s, j) │ dW goes on with j │ …
 *     ▒ barrier ▒            │ sums of losses, clipping, updates, phase by phase    │ ▒ barrier ▒
 *
 * dW reads rows of all ranks of its gang, so it waits for them; a rank alone does not. Weights are read until the barrier and written
 * after it. The sums of a stage ascend through the micro-batches, so that their chains are those of one rank; those of several
 * micro-batches are one call, made with the last of them (NUMERICS §7, schedule/weight-sums.ts): nobody waits for dW, and its
 * sums stay in registers longer.
 * What a gang has in other processes is waited for, and told, node by node (pipeline-transfers.ts).
 */
import type { Node } from "../graph/tensor.ts";
import type { Action } from "../schedule/action.ts";
import type { LoweringContext, PartialSums, Share } from "./arguments.ts";
import { repeatsRows } from "./handovers.ts";
import type { Program } from "./instruction.ts";
import { Listing } from "./listing.ts";
import { shareOf } from "./lower.ts";
import type { Appointment } from "./meetings.ts";
import { predecessors } from "./order.ts";
import { cutIntoPhases } from "./phases.ts";
import { gateOf, isDoneHere, ownRanks, type Passage, type Pipeline } from "./pipeline.ts";
import type { PipelinePlace } from "./pipeline-place.ts";
import { PipelineAppointments, type PipelineTransfers } from "./pipeline-transfers.ts";
import { nodesOfStages } from "./stages.ts";
import { tileOf } from "./tiles.ts";

/** The phases of what is left for the end of the step. */
export const restPhases = ({ plan }: Pick<Pipeline, "plan">): Node[][] => cutIntoPhases(plan.rest);

/** The context has a place in the pipeline. */
export function lowerPipeline(
  context: LoweringContext,
  pipeline: Pipeline,
  transfers: PipelineTransfers,
): Program {
  const lowering = new PipelineLowering(context, pipeline, transfers);
  const { gang } = (context.pipeline as PipelinePlace).team;
  for (const action of pipeline.actions[gang]) lowering.add(action);
  return lowering.finish();
}

class PipelineLowering {
  readonly #context: LoweringContext;
  readonly #place: PipelinePlace;
  readonly #pipeline: Pipeline;
  readonly #appointments: PipelineAppointments;
  readonly #listing = new Listing();
  /** By node: the earlier nodes that it must follow. */
  readonly #before = new Map<Node, readonly Node[]>();
  /** By node: its latest instruction. */
  readonly #latest = new Map<Node, number>();

  constructor(context: LoweringContext, pipeline: Pipeline, transfers: PipelineTransfers) {
    this.#context = context;
    this.#place = context.pipeline as PipelinePlace;
    this.#pipeline = pipeline;
    this.#appointments = new PipelineAppointments(transfers, context.rank);
    const nodes = [...nodesOfStages(pipeline.plan), ...pipeline.plan.rest];
    for (const [index, before] of predecessors(nodes).entries())
      this.#before.set(
        nodes[index],
        before.map((earlier) => nodes[earlier]),
      );
    this.#listing.meet(this.#appointments.atBegin());
  }

  add(action: Action): void {
    const { kind } = action;
    if (kind === "forward") this.#addForward(action);
    if (kind === "input-gradient" || kind === "backward") this.#addInputGradient(action);
    if (kind === "weight-gradient" || kind === "backward") this.#addWeightGradient(action);
  }

  finish(): Program {
    const { rank } = this.#context;
    this.#listing.meet([...this.#appointments.atStagesEnd(), ["barrier", -1]]);
    for (const [index, phase] of restPhases(this.#pipeline).entries()) {
      this.#listing.meet(this.#appointments.atRestBegin(index + 1));
      for (const node of phase) {
        const share = isDoneHere(this.#pipeline, node) ? shareOf(node, this.#context) : null;
        if (share === null) continue;
        this.#listing.meet(this.#appointments.beforeRest(node));
        this.#call(node, share, null);
      }
      this.#listing.meet([...this.#appointments.atRestEnd(index + 1), ["barrier", -1]]);
    }
    return { rank, instructions: this.#listing.instructions };
  }

  #addForward(action: Action): void {
    const { stage, microBatch } = action;
    this.#holdNearest("forward", stage, -1, microBatch);
    const nodes = this.#pipeline.plan.stages[stage].forward;
    for (const node of nodes) this.#makeRows(node, action);
    this.#pass("forward", stage, microBatch);
    // The other processes' rows that this one makes for itself: none waits for them before it passes dX.
    for (const node of nodes)
      if (repeatsRows(node, stage, this.#pipeline))
        for (const others of ["before", "after"] as const)
          this.#call(node, { microBatch, others }, null, action);
  }

  #addInputGradient(action: Action): void {
    const { stage, microBatch } = action;
    this.#holdNearest("input-gradient", stage, 1, microBatch);
    for (const node of this.#pipeline.plan.stages[stage].inputGradient) this.#makeRows(node, action);
    this.#pass("input-gradient", stage, microBatch);
  }

  #makeRows(node: Node, action: Action): void {
    const { stage, microBatch } = action;
    this.#listing.meet(this.#appointments.before(node, stage, [microBatch]));
    const tile = tileOf(node, microBatch, this.#place);
    if (tile !== null) this.#call(node, tile, null, action);
    this.#listing.meet(this.#appointments.after(node, microBatch));
  }

  #addWeightGradient(action: Action): void {
    const { stage, microBatch } = action;
    const since = this.#pipeline.summedSince[microBatch];
    if (since === null) return;
    if (ownRanks(this.#pipeline, stage).ranks > 1)
      this.#meet(["hold", gateOf(this.#pipeline, "input-gradient", stage, microBatch)]);
    const microBatches = Array.from({ length: microBatch - since + 1 }, (_, index) => since + index);
    const partial = { goesOn: since > 0, microBatch, microBatches: microBatches.length };
    for (const node of this.#pipeline.plan.stages[stage].weightGradient) {
      const share = shareOf(node, this.#context);
      if (share === null) continue;
      this.#listing.meet(this.#appointments.before(node, stage, microBatches));
      this.#call(node, share, partial, action);
    }
  }

  /** The nearest stage on the way that this process has ranks of: they have waited for those further on; other processes hand over. */
  #holdNearest(passage: Passage, stage: number, way: -1 | 1, microBatch: number): void {
    const { length } = this.#pipeline.plan.stages;
    let other = stage + way;
    while (other >= 0 && other < length && ownRanks(this.#pipeline, other).ranks === 0) other += way;
    if (other >= 0 && other < length)
      this.#meet(["hold", gateOf(this.#pipeline, passage, other, microBatch)]);
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
