/**
 * The plan of a process's shared memory, every byte of it, and the programs of its ranks.
 *
 *     control │ gates │ rings │ orders │ weights · optimizer · hyper · losses · data set │ a step's values │ scratch of each rank
 */
import type { Dataset } from "../data/dataset.ts";
import type { Slice, Tensor } from "../graph/tensor.ts";
import { STREAM } from "../kernels/abi.ts";
import type { StepGraph } from "../nn/step.ts";
import { Arena, alignUp } from "../program/arena.ts";
import type { LoweringContext } from "../program/arguments.ts";
import { isChunked } from "../program/chunks.ts";
import { type ColumnSlices, RANK_GAP_BYTES } from "../program/columns.ts";
import { type Holding, listHoldings } from "../program/holdings.ts";
import type { Program } from "../program/instruction.ts";
import { lower, type ScratchBytes, scratchBytes } from "../program/lower.ts";
import { lowerPipeline } from "../program/lower-pipeline.ts";
import { placePieces } from "../program/paired-stages.ts";
import { type Partition, partition } from "../program/partition.ts";
import { partitionStages } from "../program/pipeline.ts";
import { placeOfRank } from "../program/pipeline-place.ts";
import { listPipelineTransfers, travelling } from "../program/pipeline-transfers.ts";
import { addressOf, gapsOf, hasPlace, placeNamed, placeValues } from "../program/place.ts";
import { listTransfers, planTransfers, type Transfer } from "../program/transfers.ts";
import { processCount, type World } from "../program/world.ts";
import { planAllreduces } from "./allreduces.ts";
import { controlBytes } from "./control.ts";
import { modelSha256 } from "./fingerprint.ts";
import { gatesBytes } from "./gates.ts";
import { type PipelineJob, STEP_RING } from "./job.ts";
import { type Part, type PartOptions, planParts } from "./layout-parts.ts";
import { type CutPipeline, infoOf, type PipelineInfo, pipelineJob } from "./pipeline-layout.ts";
import { FINGERPRINT_WORDS, type ReplicaGroup, replicaGroups } from "./replicas.ts";
import { signalsBytes } from "./signals.ts";
import { stagingBytes } from "./staging.ts";

/** Of what this process neither sends nor is sent. */
const NO_ADDRESS = 0;
/** An epoch's order is made while the one before is used. */
export const ORDER_SLOTS = 2;

export interface LayoutOptions extends PartOptions {
  readonly scratchBytes: ScratchBytes;
}

export interface ProcessLayout {
  readonly bytes: number;
  /** Of them the first, in which lies what has a name: the same however the processes come to their gradients. */
  readonly namedBytes: number;
  /** Addresses of everything that has a name; what belongs to the evaluation begins with "test.". */
  readonly addresses: ReadonlyMap<string, number>;
  readonly step: StepGraph;
  /** How the weights, gradients and states are stored whose columns the ranks own. */
  readonly columns: ColumnSlices;
  /** What the model computes, as a hash. */
  readonly modelSha256: string;
  readonly evaluationBatch: number;
  /** A program for every rank. */
  readonly train: readonly Program[] | null;
  /** How training is cut where the ranks are a pipeline. */
  readonly pipeline: PipelineJob | null;
  readonly pipelineInfo: PipelineInfo | null;
  /** What training steps send from process to process, by id. */
  readonly transfers: readonly Transfer[];
  /** Of the buffers of the main thread in which transfers are put together, or taken apart. */
  readonly stagingBytes: number;
  /** Who has which weights after a step, where processes have different ones; else nothing. */
  readonly holdings: readonly Holding[];
  /** Which processes have the same weights after every step. */
  readonly replicas: readonly ReplicaGroup[];
  readonly evaluate: readonly Program[];
}

function placeRun(arena: Arena, addresses: Map<string, number>, data: Dataset): void {
  const reserve = (name: string, bytes: number) => addresses.set(name, arena.reserve(bytes));
  reserve("lossRing", 8 * STEP_RING);
  reserve("durationRing", 8 * STEP_RING);
  reserve("initialStream", STREAM.bytes);
  reserve("order", 4 * ORDER_SLOTS * data.train.count);
  for (const name of ["test.order", "test.losses", "test.correct"]) reserve(name, 4 * data.test.count);
}

/** The columns that each rank owns, of every parameter and state that is stored by columns: in all parts alike. */
function columnSlices(parts: readonly Part[], partitions: readonly Partition[]): ColumnSlices {
  const [first, ...others] = parts.map(({ step, byColumns }, index) => {
    const named = [...step.parameters, ...step.states].flatMap((tensor): [string, readonly Slice[]][] => {
      const family = byColumns.get(tensor);
      return family === undefined ? [] : [[tensor.name, partitions[index].get(family) ?? []]];
    });
    return new Map(named);
  });
  for (const part of others)
    for (const { name } of parts[0].step.parameters)
      if (JSON.stringify(part.get(name)) !== JSON.stringify(first.get(name)))
        throw new Error(`training and evaluation store ${name} in two ways`);
  return first;
}

/** Whose slices of parameters are whose: of those that are made in slices, and not in chunks. */
function partitionOf({ cut, phases, batch, sums, apart }: Part, ranks: number): Partition {
  const nodes = phases.flat().filter((node) => !isChunked(sums)(node));
  const slices = cut !== null ? partitionStages(cut.pipeline, batch, ranks) : partition(nodes, batch, ranks);
  return new Map([...slices, ...apart]);
}

/** How many have columns that stand apart. */
const ownersOf = (apart: Partition): number =>
  Math.max(0, ...[...apart.values()].map(({ length }) => length));

/** How a part becomes programs, and what these send to other processes. */
interface Lowering {
  readonly lower: (context: LoweringContext) => Program;
  readonly transfers: (addressOf: (tensor: Tensor) => number) => Transfer[];
}

function loweringOf({ cut, phases, batch, world, sums }: Part): Lowering {
  if (cut !== null)
    return {
      lower: (context) => lowerPipeline(context, cut.pipeline, cut.transfers),
      transfers: (addressOf) => listPipelineTransfers(cut.transfers, addressOf),
    };
  const plan = planTransfers(phases, batch, world, sums);
  return {
    lower: (context) => lower(context, plan),
    transfers: (addressOf) => listTransfers(plan, addressOf),
  };
}

/** Which processes have which weights after a step. */
function weightsOf(cut: CutPipeline | null, { parameters, states }: StepGraph, world: World) {
  const differ = cut !== null && processCount(world) > 1;
  const tensors = [...parameters, ...states];
  const holdings = differ ? listHoldings(cut.pipeline, tensors, cut.paired.weights, world) : [];
  return { holdings, replicas: replicaGroups(world, holdings, parameters) };
}

export function layOut(options: LayoutOptions): ProcessLayout {
  const { data, world } = options;
  const ranks = world.ranks[world.self];
  const { train, evaluate } = planParts(options);
  const parts = train ? [train, evaluate] : [evaluate];
  const arena = new Arena();
  const addresses = new Map([["control", arena.reserve(controlBytes(ranks))]]);
  const cut = train?.cut ?? null;
  const pipeline = cut && pipelineJob(cut.pipeline);
  addresses.set("gates", arena.reserve(gatesBytes(pipeline?.gates.length ?? 0)));
  const { step } = parts[0];
  const weights = weightsOf(cut, step, world);
  addresses.set("fingerprint", arena.reserve(4 * FINGERPRINT_WORDS * weights.replicas.length));
  placeRun(arena, addresses, data);
  for (const { step, byColumns, apart } of parts)
    placeNamed(arena, step, addresses, gapsOf(byColumns, Math.max(ranks, ownersOf(apart))));
  placePieces(cut?.paired.weights ?? [], addresses);

  // Training and evaluation take turns, so their values and scratch share one region each.
  const values = parts.map(({ phases, batch, byColumns, cut }) =>
    placeValues(phases, batch, ranks, byColumns, cut ? travelling(cut.transfers) : undefined),
  );
  const valuesBase = arena.reserve(Math.max(...values.map(({ bytes }) => bytes)));
  const scratchSize = Math.max(
    ...parts.map(({ phases, batch }) => scratchBytes(phases, batch, options.scratchBytes)),
  );
  const scratchBytesOfRank = alignUp(scratchSize) + RANK_GAP_BYTES;
  const scratchBase = arena.reserve(ranks * scratchBytesOfRank);

  const partitions = parts.map((part) => partitionOf(part, ranks));
  const lowerings = parts.map(loweringOf);
  const places = parts.map(({ phases, byColumns }, index) => {
    return { named: addresses, values: values[index], valuesBase, byColumns, phases };
  });
  const programs = parts.map(({ batch, world, cut }, index) =>
    Array.from({ length: ranks }, (_, rank) => {
      const scratch = scratchBase + rank * scratchBytesOfRank;
      const own = { rank, world, batch, partition: partitions[index] };
      const context = {
        ...own,
        places: { ...places[index], scratch },
        pipeline: cut && placeOfRank(cut.pipeline, world.self, rank),
      };
      return lowerings[index].lower(context);
    }),
  );
  const transfers = lowerings[0].transfers((tensor) =>
    hasPlace(places[0], tensor) ? addressOf({ ...places[0], scratch: 0 }, tensor, 0) : NO_ADDRESS,
  );
  addresses.set("signals", arena.reserve(signalsBytes(transfers.length, weights.replicas.length)));
  addresses.set("allreduces", arena.reserve(planAllreduces(transfers, world).bytes));
  return {
    bytes: arena.endBytes,
    namedBytes: valuesBase,
    addresses,
    step,
    columns: columnSlices(parts, partitions),
    modelSha256: modelSha256(evaluate.step.graph),
    evaluationBatch: evaluate.batch,
    train: train ? programs[0] : null,
    pipeline,
    pipelineInfo: cut && options.pipeline ? infoOf(cut, options.pipeline) : null,
    transfers,
    stagingBytes: train ? stagingBytes(transfers, world, train.batch) : 0,
    ...weights,
    evaluate: programs[parts.length - 1],
  };
}
