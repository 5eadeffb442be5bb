/** A rank's thread in training and evaluation. */
import { workerData } from "node:worker_threads";
import type { RankJob } from "./job.ts";
import { serve } from "./serve.ts";

serve(workerData as RankJob);
