/** A rank's thread in training and evaluation. */
import { workerData } from "node:worker_threads";
import type { RankJob } from "./job.ts";
import { recorderOf } from "./recorder.ts";
import { serve } from "./serve.ts";

const job = workerData as RankJob;
serve(job, recorderOf(job));
