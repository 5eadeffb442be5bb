/** What a rank's thread does: waits for commands in shared memory, obeys, reports; ends with its first error. */
import { parentPort } from "node:worker_threads";
import { LockstepError, type Where } from "../base/errors.ts";
import { instantiateKernels } from "../kernels/load.ts";
import { checkSubnormals } from "../kernels/selftest.ts";
import { warmUp } from "../program/warm-up.ts";
import { processCount, worldRank } from "../program/world.ts";
import { commandSpinCount, lookFor } from "./barrier.ts";
import { COMMAND, controlWords, operationOf, WORD } from "./control.ts";
import type { RankJob, RankMessage } from "./job.ts";
import { type MakeRunner, RankLoop } from "./loop.ts";
import { yieldToMainThread } from "./priority.ts";

/** Returns when the rank was told to leave, or has failed and said so. */
export function serve(job: RankJob, makeRunner?: MakeRunner): void {
  const port = parentPort as NonNullable<typeof parentPort>;
  const tell = (message: RankMessage) => port.postMessage(message);
  const words = controlWords(job.memory, job.addresses.control, job.ranks);
  let loop: RankLoop | null = null;
  try {
    if (processCount(job.world) > 1) yieldToMainThread();
    const kernels = instantiateKernels(job.module, job.memory);
    checkSubnormals(kernels);
    loop = new RankLoop(job, kernels, makeRunner);
    if (job.train) warmUp([job.train, job.evaluate], kernels);
    tell({ type: "ready" });
    const looks = commandSpinCount(words, job.ranks);
    let sequence = 0;
    for (;;) {
      // The main thread owns this wait: it ends the thread when it ends itself. A wait may end without a command.
      if (!lookFor(words, WORD.sequence, sequence, looks))
        while (Atomics.load(words, WORD.sequence) === sequence) Atomics.wait(words, WORD.sequence, sequence);
      sequence = Atomics.load(words, WORD.sequence);
      // One wakes the next: two that are woken at once may find themselves on one core, while another is idle.
      Atomics.notify(words, WORD.sequence, 1);
      if (!obey(loop, words)) return;
      tell({ type: "done" });
    }
  } catch (error) {
    const rank = worldRank(job.world, job.rank);
    tell(failure(error, { rank, step: (loop?.steps ?? 0) + 1, operation: operationOf(words) }));
  }
}

/** Executes one command; false for the last. */
function obey(loop: RankLoop, words: Int32Array): boolean {
  const command = Atomics.load(words, WORD.command);
  if (command === COMMAND.leave) return false;
  const [first, end, slot, steps] = [0, 1, 2, 3].map((index) => Atomics.load(words, WORD.operand + index));
  if (command === COMMAND.train) loop.train(first, end, slot, steps);
  else loop.evaluate();
  return true;
}

function failure(error: unknown, { rank, step, operation }: Required<Omit<Where, "host">>): RankMessage {
  const known = error instanceof LockstepError ? error : null;
  return {
    type: "failed",
    code: known?.code ?? "rank-failed",
    message: error instanceof Error ? error.message : String(error),
    fix: known?.fix ?? "the stack says where; if it is Lockstep's, please report it",
    stack: error instanceof Error ? String(error.stack) : "",
    rank: known?.where.rank ?? rank,
    step,
    operation: [operation, known?.where.operation ?? []].flat().join(": "),
  };
}
