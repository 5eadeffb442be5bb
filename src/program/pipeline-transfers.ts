/**
 * The transfers of a pipeline over several processes, and where a rank's program meets them: first all
 * handovers, then all reports.
 *
 *     enter 0 │ … wait A (s−1, j) │ forward of j │ start A (s, j) │ … │ drain all │ ▒ barrier ▒
 *     enter 1 │ start reports of phase 0 │ wait for others' │ sums of losses … │ drain │ ▒ barrier ▒ │ enter 2 │ …
 *
 * Gangs of a process begin a step each when it likes: every rank says that the step is entered.
 */
import { ELEMENT_BYTES, type Node, type Tensor } from "../graph/tensor.ts";
import { awaitedBy, type Handover, type HandoverPlan, madeBy, planHandovers } from "./handovers.ts";
import type { Appointment } from "./meetings.ts";
import type { Pipeline } from "./pipeline.ts";
import { planReports, type Report, type ReportPart } from "./reports.ts";
import { columnsOfSlices, type Team, teamOfRank } from "./teams.ts";
import { columnAxisOf, isWhole } from "./tiles.ts";
import { type Piece, pieceAt, type ReplicaRows, type Transfer } from "./transfers.ts";
import { processCount, type World } from "./world.ts";

export interface PipelineTransfers {
  readonly world: World;
  readonly handovers: HandoverPlan;
  readonly reports: readonly Report[];
}

/** `rest`: the phases of what is left when all stages are done. */
export function planPipelineTransfers(
  pipeline: Pipeline,
  rest: readonly (readonly Node[])[],
  world: World,
): PipelineTransfers {
  const handovers = planHandovers(pipeline);
  return { world, handovers, reports: planReports(handovers, rest, world) };
}

/** The tensors that travel, and the phase from which on they may come: nobody may write over them from then on. */
export const travelling = ({ handovers, reports }: PipelineTransfers): ReadonlyMap<Tensor, number> =>
  new Map([
    ...[...handovers.idsOf.keys()].map((tensor) => [tensor, 0] as const),
    ...reports.flatMap(({ phase, parts }) => parts.map(({ tensor }) => [tensor, phase] as const)),
  ]);

/** All transfers, by id. `addressOf` says where a tensor lies. */
export function listPipelineTransfers(
  { handovers: { list, pipeline }, reports }: PipelineTransfers,
  addressOf: (tensor: Tensor) => number,
): Transfer[] {
  const { grid, microBatches, pieceOf: partOf } = pipeline;
  const rowsOf = ({ replicas }: Team, microBatch: ReplicaRows["microBatch"]): ReplicaRows => ({
    ...{ replicas, allReplicas: grid.replicas, microBatch, microBatches },
  });
  const pieceOf = ({ tensor, node, team, microBatch }: Handover): Piece => {
    const made = partOf(tensor, team.slices);
    const piece = pieceAt(addressOf(tensor), made, node, rowsOf(team, microBatch));
    const named = { ...piece, name: `${piece.name} of micro-batch ${microBatch}` };
    if (columnAxisOf(node, grid) === null || isWhole(team, grid)) return named;
    const { first, count } = columnsOfSlices(Number(tensor.shape[1]), team.slices, grid.slices);
    const bytes = ELEMENT_BYTES[tensor.type];
    return { ...named, columns: { firstByte: first * bytes, bytes: count * bytes } };
  };
  const reported = ({ tensor, node, team }: ReportPart): Piece =>
    pieceAt(
      addressOf(tensor),
      tensor,
      node,
      team === null ? { first: 0, count: Number(tensor.shape[0]) } : rowsOf(team, "all"),
    );
  const rest = { next: -1, allreduce: null };
  return [
    ...list.map((handover, id): Transfer => {
      const { team, receivers } = handover;
      const pieces = [pieceOf(handover)];
      return { id, sender: team.process, receivers, phase: 0, pieces, parts: team.ranks, ...rest };
    }),
    ...reports.map(({ sender, receivers, phase, parts }, index): Transfer => {
      const pieces = parts.map(reported);
      return { id: list.length + index, sender, receivers, phase, pieces, parts: 1, ...rest };
    }),
  ];
}

/** Where one rank's program meets the transfers. */
export class PipelineAppointments {
  readonly #plan: PipelineTransfers;
  readonly #rank: number;
  readonly #team: Team;
  readonly #awaited = new Set<number>();

  constructor(plan: PipelineTransfers, rank: number) {
    const { teams, self } = plan.handovers.pipeline;
    this.#plan = plan;
    this.#rank = rank;
    this.#team = teamOfRank(teams, self, rank);
  }

  atBegin(): Appointment[] {
    return processCount(this.#plan.world) > 1 ? [["enter", 0]] : [];
  }

  before(node: Node, stage: number, microBatches: readonly number[]): Appointment[] {
    return this.#waits(awaitedBy(node, stage, this.#team, microBatches, this.#plan.handovers));
  }

  after(node: Node, microBatch: number): Appointment[] {
    return starts(madeBy(node, this.#team, microBatch, this.#plan.handovers));
  }

  /** All that has come and gone has done so before the memory is used for the rest. */
  atStagesEnd(): Appointment[] {
    const { list } = this.#plan.handovers;
    return this.#waitForAll(list.map(({ team, receivers }) => ({ sender: team.process, receivers })));
  }

  /** `phase`: of the rest, from 1. */
  atRestBegin(phase: number): Appointment[] {
    const { world } = this.#plan;
    if (this.#rank !== 0 || processCount(world) === 1) return [];
    const own = this.#reports(({ sender, phase: made }) => sender === world.self && made === phase - 1);
    return [["enter", phase], ...starts(own)];
  }

  beforeRest(node: Node): Appointment[] {
    const { self } = this.#plan.world;
    const reads = ({ tensor }: ReportPart) => node.inputs.includes(tensor);
    return this.#waits(
      this.#reports(({ receivers, parts }) => receivers.includes(self) && parts.some(reads)),
    );
  }

  atRestEnd(phase: number): Appointment[] {
    const { handovers, reports } = this.#plan;
    return this.#waitForAll(
      reports.map((report) => (report.phase === phase - 1 ? report : null)),
      handovers.list.length,
    );
  }

  #reports(which: (report: Report) => boolean): number[] {
    const { handovers, reports } = this.#plan;
    return reports.flatMap((report, index) => (which(report) ? [handovers.list.length + index] : []));
  }

  /** Rank 0 sees to it that what concerns its process has arrived, or left. */
  #waitForAll(list: readonly (Pick<Transfer, "sender" | "receivers"> | null)[], firstId = 0): Appointment[] {
    if (this.#rank !== 0) return [];
    const { self } = this.#plan.world;
    const ids = (which: (transfer: Pick<Transfer, "sender" | "receivers">) => boolean) =>
      list.flatMap((transfer, index) => (transfer !== null && which(transfer) ? [firstId + index] : []));
    return [
      ...this.#waits(ids(({ receivers }) => receivers.includes(self))),
      ...ids(({ sender }) => sender === self).map((id): Appointment => ["drain", id]),
    ];
  }

  /** Each is awaited once. */
  #waits(ids: readonly number[]): Appointment[] {
    const others = [...new Set(ids)].filter((id) => !this.#awaited.has(id));
    for (const id of others) this.#awaited.add(id);
    return others.map((id) => ["wait", id]);
  }
}

const starts = (ids: readonly number[]): Appointment[] => ids.map((id) => ["start", id]);
