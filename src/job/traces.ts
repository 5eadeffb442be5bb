/** Writes what a job has recorded of its steps: a file for each rank of this process. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import { LockstepError } from "../base/errors.ts";
import { writeError } from "../base/file-error.ts";
import { packTrace } from "../profile/chrome-trace.ts";
import { worldRank } from "../program/world.ts";
import { traceName } from "../run/trace-name.ts";
import type { Observer, TraceOptions } from "./options.ts";
import { documentsOf, type RecordedJob } from "./trace-documents.ts";

/** When the ranks are gone. What cannot be written is warned of, once: no run is lost for its trace. */
export function writeTraces(job: RecordedJob, { folder }: TraceOptions, observer: Observer = {}): void {
  const { trace, world } = job.session;
  if (trace === null) return;
  try {
    const documents = documentsOf(job, trace);
    const { first, last } = trace.window;
    if (documents.length === 0)
      observer.warning?.(`there is no trace: the run ended before step ${first} (of ${first}:${last})`);
    else makeFolder(folder);
    for (const [rank, document] of documents.entries()) {
      const path = join(folder, traceName(worldRank(world, rank)));
      writeAtomically(path, (descriptor) => writeFully(descriptor, packTrace(document)));
      observer.trace?.(path);
    }
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    observer.warning?.(`the trace is not there, or not whole: ${thrown.message}; ${thrown.fix}`);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (thrown) {
    throw writeError(folder, thrown);
  }
}
