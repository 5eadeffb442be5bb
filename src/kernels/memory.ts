/** The one shared memory of a process: views of it never go stale, for it does not move, and does not shrink. */
import { EnvironmentError, InputError } from "../base/errors.ts";

const PAGE_BYTES = 65536;
/** What a 32-bit address reaches. */
export const MEMORY_LIMIT_BYTES = 4 * 1024 ** 3;

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(2)} GiB`;

/**
 * A shared memory of at least `bytes` bytes (rounded up to 64 KiB), which can grow if it is said now, as far as 32-bit addresses
 * reach. The system hands out its pages when they are first touched. Throws InputError `memory-limit` above 4 GiB,
 * EnvironmentError `memory-unavailable`.
 */
export function createMemory(bytes: number, grows = false): WebAssembly.Memory {
  if (!(bytes >= 0 && bytes <= MEMORY_LIMIT_BYTES)) {
    throw new InputError(
      "memory-limit",
      `the job needs ${gibibytes(bytes)} of memory in one process, and a process can have ${gibibytes(MEMORY_LIMIT_BYTES)}`,
      "make the layers (--hidden) or the batch (--batch) smaller",
    );
  }
  const pages = pagesOf(bytes);
  const maximum = grows ? MEMORY_LIMIT_BYTES / PAGE_BYTES : pages;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum, shared: true });
  } catch (cause) {
    throw unavailable(pages * PAGE_BYTES, cause);
  }
}

/** Makes a memory that can grow at least so large. Views made before see its first bytes, as ever. Throws EnvironmentError. */
export function growMemory(memory: WebAssembly.Memory, bytes: number): void {
  const more = pagesOf(bytes) - memory.buffer.byteLength / PAGE_BYTES;
  if (more <= 0) return;
  try {
    memory.grow(more);
  } catch (cause) {
    throw unavailable(bytes, cause);
  }
}

const pagesOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / PAGE_BYTES));

function unavailable(bytes: number, cause: unknown): EnvironmentError {
  return new EnvironmentError(
    "memory-unavailable",
    `the system did not give ${gibibytes(bytes)} of shared memory`,
    "free memory or address space (ulimit -v), or make the layers (--hidden) or the batch (--batch) smaller",
    cause,
  );
}
