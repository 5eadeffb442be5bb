/** Whether a job's memory can be had, asked before anything is allocated. */
import { InputError } from "../base/errors.ts";
import { elementCount } from "../graph/tensor.ts";
import { MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import type { ProcessLayout } from "./layout.ts";

/** Bytes as a person reads them, in powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Throws an InputError that says how much the job needs, what takes it, and how much there is. */
export function checkMemory(
  { bytes, step }: ProcessLayout,
  availableBytes = process.availableMemory(),
): void {
  if (bytes <= Math.min(MEMORY_LIMIT_BYTES, availableBytes)) return;
  const largest = step.parameters.toSorted((a, b) => elementCount(b.shape) - elementCount(a.shape)).at(0);
  const culprit = largest
    ? `; ${largest.name} [${largest.shape}] alone is ${formatBytes(4 * elementCount(largest.shape))}`
    : "";
  throw new InputError(
    "too-much-memory",
    `this job needs ${formatBytes(bytes)} of memory in one process${culprit}. ` +
      `A process holds at most ${formatBytes(MEMORY_LIMIT_BYTES)}, and this machine has ${formatBytes(availableBytes)} free`,
    "make the hidden layers or the batch smaller",
  );
}
