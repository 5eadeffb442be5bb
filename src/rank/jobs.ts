/** What a session gives its ranks, one job each. */
import { elementCount } from "../graph/tensor.ts";
import type { CompiledKernels } from "../kernels/load.ts";
import { columnsOffset } from "../program/columns.ts";
import { teamOfRank } from "../program/teams.ts";
import type { World } from "../program/world.ts";
import { parseFault } from "./fault.ts";
import type { RankJob } from "./job.ts";
import type { ProcessLayout } from "./layout.ts";
import type { ReplicaGroup } from "./replicas.ts";
import type { SessionOptions } from "./session-options.ts";

type Plan = Pick<SessionOptions, "world" | "data" | "timeoutMs" | "training" | "instrument">;

export function makeJobs(
  { world, data, timeoutMs, training, instrument }: Plan,
  compiled: CompiledKernels,
  memory: WebAssembly.Memory,
  layout: ProcessLayout,
): RankJob[] {
  const address = (name: string) => layout.addresses.get(name) as number;
  const addresses = {
    control: address("control"),
    signals: address("signals"),
    gates: address("gates"),
    stepLoss: layout.addresses.get("stepLoss") ?? 0,
    lossRing: address("lossRing"),
    durationRing: address("durationRing"),
    replicas: layout.replicas.map(({ processes, parameters }) =>
      processes.includes(world.self)
        ? parameters.map(({ name, shape }) => [address(name), elementCount(shape)] as const)
        : [],
    ),
  };
  const fault = parseFault(process.env.LOCKSTEP_FAULT);
  const jobs = layout.evaluate.map((program, rank) => ({
    module: compiled.module,
    memory,
    rank,
    ranks: world.ranks[world.self],
    world,
    transfers: layout.transfers,
    pipeline: layout.pipeline,
    batch: training?.batch ?? 0,
    evaluationBatch: layout.evaluationBatch,
    samples: data.train.count,
    testSamples: data.test.count,
    train: layout.train ? layout.train[rank] : null,
    evaluate: program,
    addresses: { ...addresses, firstParameter: firstParameter(layout, world, rank) },
    timeoutMs,
    fault,
    trace: null,
  }));
  return instrument ? jobs.map(instrument.extend) : jobs;
}

/** The first weight that the rank's process makes of its stages, or where the ranks own its columns, the rank's first. */
function firstParameter(
  { replicas, holdings, pipeline, columns, addresses }: ProcessLayout,
  { self }: World,
  rank: number,
): number {
  const gang = pipeline && holdings.length > 0 ? teamOfRank(pipeline.teams, self, rank).gang : 0;
  const isOwn = ({ processes }: ReplicaGroup, group: number) =>
    processes.includes(self) && (holdings[group]?.gang ?? 0) === gang;
  const own = replicas.filter(isOwn).flatMap(({ parameters }) => parameters);
  const placed = own.map((parameter) => ({ parameter, address: addresses.get(parameter.name) as number }));
  const [first] = placed.sort((one, other) => one.address - other.address);
  if (first === undefined) return 0;
  const { parameter, address } = first;
  const slice = columns.get(parameter.name)?.[rank];
  const offset = slice && slice.count > 0 ? columnsOffset(slice.first, Number(parameter.shape[0]), rank) : 0;
  return address + offset;
}
