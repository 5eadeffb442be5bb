/** What a session records of its steps, and where. */
import { StepRing, type TraceWindow } from "../profile/step-ring.ts";
import type { RankJob } from "./job.ts";

export class SessionTrace {
  readonly window: TraceWindow;
  /** Of each rank, once the ranks are started. */
  rings: readonly StepRing[] = [];

  constructor(window: TraceWindow) {
    this.window = window;
  }

  /** The jobs of ranks that record. */
  record(jobs: readonly RankJob[]): RankJob[] {
    const { window } = this;
    this.rings = jobs.map(({ train }) => StepRing.make(window, train?.instructions.length ?? 0));
    return jobs.map((job, rank) => ({ ...job, trace: { window, numbers: this.rings[rank].numbers } }));
  }
}
