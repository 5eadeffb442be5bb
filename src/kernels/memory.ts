/** The one shared memory of a process: its size is fixed at birth, so that views of it never go stale. */
import { EnvironmentError, InputError } from "../base/errors.ts";

const PAGE_BYTES = 65536;
/** What a 32-bit address reaches. */
export const MEMORY_LIMIT_BYTES = 4 * 1024 ** 3;

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(2)} GiB`;

/**
 * A shared memory of at least `bytes` bytes (rounded up to 64 KiB; initial = maximum). The system hands out its pages
 * when they are first touched. Throws InputError `memory-limit` above 4 GiB, EnvironmentError `memory-unavailable`.
 */
export function createMemory(bytes: number): WebAssembly.Memory {
  if (!(bytes >= 0 && bytes <= MEMORY_LIMIT_BYTES)) {
    throw new InputError(
      "memory-limit",
      `the job needs ${gibibytes(bytes)} of memory in one process, and a process can have ${gibibytes(MEMORY_LIMIT_BYTES)}`,
      "make the layers (--hidden) or the batch (--batch) smaller",
    );
  }
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new EnvironmentError(
      "memory-unavailable",
      `the system did not give ${gibibytes(pages * PAGE_BYTES)} of shared memory`,
      "free memory or address space (ulimit -v), or make the layers (--hidden) or the batch (--batch) smaller",
      cause,
    );
  }
}
