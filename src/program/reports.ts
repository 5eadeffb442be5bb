/**
 * What processes of a pipeline report to each other when their stages are done: what the rest of a step reads
 * of all stages, since every process executes the rest that belongs to no stage.
 *
 *     last stage   losses of all samples       ──▶  all others, whose sum and whose decision to stop are then the same
 *     each stage   squares of its gradients    ──▶  all others, where clipping goes by the norm of all
 */
import type { Node, Tensor } from "../graph/tensor.ts";
import type { HandoverPlan } from "./handovers.ts";
import { speaksForRows } from "./handovers.ts";
import { gangOfStage } from "./pipeline.ts";
import { homeOf } from "./stages.ts";
import { overlap, type Team } from "./teams.ts";
import { columnAxisOf } from "./tiles.ts";
import { processCount, type World } from "./world.ts";

/** A tensor that a report has: rows of a team's replicas of all micro-batches, or all of it. */
export interface ReportPart {
  readonly tensor: Tensor;
  readonly node: Node;
  readonly team: Team | null;
}

export interface Report {
  /** The phase that makes it. */
  readonly phase: number;
  readonly sender: number;
  readonly receivers: readonly number[];
  readonly parts: readonly ReportPart[];
}

/** A part, and whom it concerns. */
type Sending = Omit<Report, "parts"> & ReportPart;

/** The reports of a pipeline whose rest is executed in these phases, the first of which is number 1. */
export function planReports(plan: HandoverPlan, rest: readonly (readonly Node[])[], world: World): Report[] {
  const { stageOf } = plan.pipeline.plan;
  const makers = new Map<Tensor, { node: Node; phase: number }>();
  for (const [index, phase] of rest.entries())
    for (const node of phase)
      for (const tensor of node.outputs) makers.set(tensor, { node, phase: index + 1 });
  const read = new Set(
    rest
      .flat()
      .filter((node) => homeOf(node, { stageOf }) === null)
      .flatMap(({ inputs }) => inputs),
  );
  const sendings = [...read].flatMap((tensor): Sending[] => {
    const made = plan.made.get(tensor);
    if (made) return rowsOf(made, plan, world);
    const maker = makers.get(tensor);
    const home = maker ? homeOf(maker.node, { stageOf }) : null;
    return maker && home !== null ? wholeOf(tensor, maker, home, plan, world) : [];
  });
  return together(sendings);
}

const processes = (world: World): number[] =>
  Array.from({ length: processCount(world) }, (_, process) => process);

/** Rows that a stage made: each replica's are reported by who speaks for them, to whoever does not make them, too. */
function rowsOf(
  { tensor, node, stage }: { tensor: Tensor; node: Node; stage: number },
  { pipeline }: HandoverPlan,
  world: World,
): Sending[] {
  if (node.slices || columnAxisOf(node, pipeline.grid) !== null)
    throw new Error(`${node.op.name} makes columns, which nobody reports`);
  const own = pipeline.teams.filter(({ gang }) => gang === gangOfStage(pipeline, stage));
  return own.filter(speaksForRows).map((team) => {
    const has = (process: number) =>
      own.some((other) => other.process === process && overlap(other.replicas, team.replicas));
    const receivers = processes(world).filter((process) => !has(process));
    return { tensor, node, team, phase: 0, sender: team.process, receivers };
  });
}

/** What each process makes of its stages, reported by the first that has the stage to all that do not have it. */
function wholeOf(
  tensor: Tensor,
  { node, phase }: { node: Node; phase: number },
  stage: number,
  { pipeline }: HandoverPlan,
  world: World,
): Sending[] {
  const gang = gangOfStage(pipeline, stage);
  const has = new Set(pipeline.teams.filter((team) => team.gang === gang).map(({ process }) => process));
  const receivers = processes(world).filter((process) => !has.has(process));
  return [{ tensor, node, team: null, phase, sender: Math.min(...has), receivers }];
}

/** What one process tells the same others at one time goes on one message. */
function together(sendings: readonly Sending[]): Report[] {
  const reports = new Map<string, Sending[]>();
  for (const sending of sendings) {
    const { phase, sender, receivers } = sending;
    const key = `${phase} ${sender} ${receivers}`;
    if (receivers.length > 0) reports.set(key, [...(reports.get(key) ?? []), sending]);
  }
  return [...reports.values()].map((list) => {
    const [{ phase, sender, receivers }] = list;
    return {
      phase,
      sender,
      receivers,
      parts: list.map(({ tensor, node, team }) => ({ tensor, node, team })),
    };
  });
}
