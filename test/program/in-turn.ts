/** Ranks that take turns in one thread, phase by phase, in any order: where a barrier is missing, the order shows. */
import { weightsSha256 } from "../../src/checkpoint/weights.ts";
import { batchCount, batchSize, share } from "../../src/data/shares.ts";
import { Executor } from "../../src/program/execute.ts";
import { type Program, STEP } from "../../src/program/instruction.ts";
import { tensorOf } from "../../src/rank/state.ts";
import type { OneThread } from "./one-thread.ts";

/** The order of ranks in a phase. */
export type Turns = (ranks: readonly number[], phase: number) => readonly number[];
export const ascending: Turns = (ranks) => ranks;

/** A rank's program, cut at its barriers. */
function cutAtBarriers({ rank, instructions }: Program): Program[] {
  const ends = instructions.flatMap(({ kind }, index) => (kind === "barrier" ? [index] : []));
  return ends.map((end, phase) => ({
    rank,
    instructions: instructions.slice(phase === 0 ? 0 : ends[phase - 1] + 1, end),
  }));
}

/** Executes one step of `programs` over `batch` samples at `position` of the streams. */
function step(job: OneThread, programs: readonly Program[], position: number, batch: number, turns: Turns) {
  const ranks = programs.map(({ rank }) => rank);
  const phases = programs.map((program) =>
    cutAtBarriers(program).map((phase) => new Executor(phase, job.kernels, () => {})),
  );
  for (let phase = 0; phase < phases[0].length; phase++)
    for (const rank of turns(ranks, phase)) {
      const { first, rows } = share(batch, rank, job.ranks);
      const parameters = new Int32Array(STEP.count);
      parameters[STEP.rows] = rows;
      parameters[STEP.firstRow] = first;
      parameters[STEP.batch] = batch;
      parameters[STEP.start] = position;
      parameters[STEP.sample] = position + first;
      phases[rank][phase].run(parameters);
    }
}

/** The first `steps` steps of training; returns the mean loss of each. */
export function trainInTurn(job: OneThread, steps: number, turns = ascending): number[] {
  const { data, batch, layout, memory } = job;
  const stepLoss = new Float64Array(memory.buffer, job.address("stepLoss"), 1);
  return Array.from({ length: steps }, (_, done) => {
    const index = done % batchCount(data.train.count, batch);
    const size = batchSize(data.train.count, batch, index);
    step(job, layout.train as Program[], index * batch, size, turns);
    return stepLoss[0] / size;
  });
}

/** Loss and correctness of every test sample. */
export function evaluateInTurn(job: OneThread, turns = ascending): { losses: number[]; correct: number[] } {
  const { count } = job.data.test;
  const { evaluationBatch, evaluate } = job.layout;
  for (let first = 0; first < count; first += evaluationBatch)
    step(job, evaluate, first, Math.min(evaluationBatch, count - first), turns);
  return {
    losses: [...new Float32Array(job.memory.buffer, job.address("test.losses"), count)],
    correct: [...new Int32Array(job.memory.buffer, job.address("test.correct"), count)],
  };
}

export function hashOf({ memory, layout }: OneThread): string | null {
  return weightsSha256(layout.step.parameters.map((tensor) => tensorOf(memory, layout, tensor)));
}
