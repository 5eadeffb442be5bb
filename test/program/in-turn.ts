/** Ranks that take turns in one thread, phase by phase, in any order: where a barrier is missing, the order shows. */
import { weightsSha256 } from "../../src/checkpoint/weights.ts";
import { batchCount, batchSize } from "../../src/data/shares.ts";
import { barriersOnly, Executor, type Meetings } from "../../src/program/execute.ts";
import type { Program } from "../../src/program/instruction.ts";
import { StepParameters } from "../../src/program/step-parameters.ts";
import { alone, type World } from "../../src/program/world.ts";
import { tensorOf } from "../../src/rank/state.ts";
import type { OneThread } from "./one-thread.ts";

/** The order of ranks in a phase. */
export type Turns = (ranks: readonly number[], phase: number) => readonly number[];
export const ascending: Turns = (ranks) => ranks;

/** A rank's program, cut at its barriers. */
export function cutAtBarriers({ rank, instructions }: Program): Program[] {
  const ends = instructions.flatMap(({ kind }, index) => (kind === "barrier" ? [index] : []));
  return ends.map((end, phase) => ({
    rank,
    instructions: instructions.slice(phase === 0 ? 0 : ends[phase - 1] + 1, end),
  }));
}

/** One step of the programs of a process's ranks over `batch` samples at `position` of the streams, a phase a call. */
export function phasesInTurn(
  job: OneThread,
  programs: readonly Program[],
  { world, position, batch }: { world: World; position: number; batch: number },
  meetings: Meetings = barriersOnly(() => {}),
): ((turns: Turns) => void)[] {
  const ranks = programs.map(({ rank }) => rank);
  const executors = programs.map((program) =>
    cutAtBarriers(program).map((phase) => new Executor(phase, job.kernels, meetings)),
  );
  return executors[0].map((_, phase) => (turns) => {
    for (const rank of turns(ranks, phase)) {
      const parameters = new StepParameters(world, rank);
      parameters.set(position, batch);
      executors[rank][phase].run(parameters.numbers);
    }
  });
}

/** The first `steps` steps of training; returns the mean loss of each. */
export function trainInTurn(job: OneThread, steps: number, turns = ascending): number[] {
  const { data, batch, layout, memory } = job;
  const stepLoss = new Float64Array(memory.buffer, job.address("stepLoss"), 1);
  return Array.from({ length: steps }, (_, done) => {
    const index = done % batchCount(data.train.count, batch);
    const size = batchSize(data.train.count, batch, index);
    const where = { world: job.world, position: index * batch, batch: size };
    for (const phase of phasesInTurn(job, layout.train as Program[], where)) phase(turns);
    return stepLoss[0] / size;
  });
}

/** Loss and correctness of every test sample. */
export function evaluateInTurn(job: OneThread, turns = ascending): { losses: number[]; correct: number[] } {
  const { count } = job.data.test;
  const { evaluationBatch, evaluate } = job.layout;
  for (let first = 0; first < count; first += evaluationBatch) {
    const where = {
      world: alone(job.ranks),
      position: first,
      batch: Math.min(evaluationBatch, count - first),
    };
    for (const phase of phasesInTurn(job, evaluate, where)) phase(turns);
  }
  return {
    losses: [...new Float32Array(job.memory.buffer, job.address("test.losses"), count)],
    correct: [...new Int32Array(job.memory.buffer, job.address("test.correct"), count)],
  };
}

export function hashOf({ memory, layout }: OneThread): string | null {
  return weightsSha256(layout.step.parameters.map((tensor) => tensorOf(memory, layout, tensor)));
}
