/** A rank of several processes in one thread: its program in stretches, each up to a meeting that it may have to wait at. */
import { Executor, type Meetings } from "../../src/program/execute.ts";
import type { Instruction, Program } from "../../src/program/instruction.ts";
import { placeOfRank } from "../../src/program/pipeline-place.ts";
import { StepParameters } from "../../src/program/step-parameters.ts";
import type { OneThread } from "./one-thread.ts";

/** What a rank executes until it meets somebody, and whom: null at the end of its program. */
interface Stretch {
  readonly executor: Executor;
  readonly until: Instruction | null;
}

const isWait = ({ kind }: Instruction): boolean => ["wait", "drain", "barrier", "hold"].includes(kind);

export class RankInTurn {
  readonly #stretches: Stretch[];
  readonly #parameters: StepParameters;
  #at = 0;

  constructor({ rank, instructions }: Program, job: OneThread, meetings: Meetings) {
    this.#parameters = new StepParameters(
      job.world,
      rank,
      job.layout.pipeline && placeOfRank(job.layout.pipeline, job.world.self, rank),
    );
    const ends = instructions.flatMap((instruction, index) => (isWait(instruction) ? [index] : []));
    this.#stretches = [...ends, instructions.length].map((end, index, all) => ({
      executor: new Executor(
        { rank, instructions: instructions.slice(index === 0 ? 0 : all[index - 1] + 1, end) },
        job.kernels,
        meetings,
      ),
      until: instructions[end] ?? null,
    }));
  }

  begin(position: number, batch: number): void {
    this.#parameters.set(position, batch);
    this.#at = 0;
  }

  /** What it waits for, having executed all before it; null before it has begun, and when it has ended. */
  get waitsFor(): Instruction | null {
    return this.#at === 0 ? null : this.#stretches[this.#at - 1].until;
  }

  get hasEnded(): boolean {
    return this.#at === this.#stretches.length;
  }

  goOn(): void {
    this.#stretches[this.#at++].executor.run(this.#parameters.numbers);
  }
}
