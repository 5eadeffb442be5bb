/** What executes the steps of a rank that is traced. */
import { StepRing } from "../profile/step-ring.ts";
import { Executor } from "../program/execute.ts";
import { RecordingExecutor } from "../program/recording-executor.ts";
import { controlWords, stepWord } from "./control.ts";
import type { RankJob } from "./job.ts";
import type { MakeRunner } from "./loop.ts";

/** undefined for a rank that is not traced: then nothing of this is on its way. */
export function recorderOf({
  train,
  trace,
  memory,
  addresses,
  rank,
  ranks,
}: RankJob): MakeRunner | undefined {
  if (trace === null || train === null) return undefined;
  const words = controlWords(memory, addresses.control, ranks);
  const stepInHand = () => words[stepWord(rank)];
  return (program, kernels, meetings) => {
    const executor = new Executor(program, kernels, meetings);
    if (program !== train) return executor;
    const { length } = program.instructions;
    const ring = StepRing.writing(trace.numbers, trace.window, length);
    return new RecordingExecutor(executor, length, ring, stepInHand);
  };
}
