/** A rank's thread that times its training program; it evaluates like any other. */
import { workerData } from "node:worker_threads";
import { Executor } from "../program/execute.ts";
import type { RankJob } from "../rank/job.ts";
import { serve } from "../rank/serve.ts";
import { Readings, TimedProgram } from "./timed-program.ts";

/** A rank's job, and the shared memory for its readings. */
export interface TimedJob extends RankJob {
  readonly readings: Float64Array;
}

const job = workerData as TimedJob;
serve(job, (program, kernels, meetings) => {
  if (program !== job.train) return new Executor(program, kernels, meetings);
  return new TimedProgram(
    program,
    kernels,
    meetings,
    new Readings(job.readings, program.instructions.length),
  );
});
