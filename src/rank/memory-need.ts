/** Whether a job's memory can be had, asked before anything is allocated. */
import { InputError } from "../base/errors.ts";
import { ELEMENT_BYTES, elementCount, type Tensor } from "../graph/tensor.ts";
import { MEMORY_LIMIT_BYTES } from "../kernels/memory.ts";
import type { ProcessLayout } from "./layout.ts";
import type { FittingLayout } from "./nearest-layout.ts";

/** Bytes as a person reads them, in powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

interface Part {
  readonly words: string;
  readonly bytes: number;
}

/** The largest parameter and, before it, the largest value of a step of `batch` samples if that is larger still. */
function largest({ parameters, graph }: ProcessLayout["step"], batch: number): Part[] {
  const weights = parameters.map((tensor) => sized(tensor, tensor.name, batch));
  const values = graph.nodes.flatMap(({ op, outputs }) =>
    outputs.map((tensor) => sized(tensor, `the result of ${op.name}`, batch)),
  );
  const [weight, value] = [weights, values].map((parts) =>
    parts.reduce<Part | null>((most, part) => (most === null || part.bytes > most.bytes ? part : most), null),
  );
  return [value && value.bytes > (weight?.bytes ?? 0) ? value : null, weight].filter((part) => part !== null);
}

function sized(tensor: Tensor, name: string, batch: number): Part {
  const shape = tensor.shape.map((extent) => (extent === "batch" ? batch : extent));
  return { words: `${name} [${shape}]`, bytes: elementCount(shape) * ELEMENT_BYTES[tensor.type] };
}

/** What a process needs: a shared memory, and beside it buffers in which transfers are put together. */
export type MemoryNeed = Pick<ProcessLayout, "bytes" | "stagingBytes">;

export const wholeNeed = ({ bytes, stagingBytes }: MemoryNeed): number => bytes + stagingBytes;

/** A layout that would fit; null if there is none. */
export type FindLayout = (fits: (need: MemoryNeed) => boolean) => FittingLayout | null;

/** Throws an InputError that says how much the job needs, what takes it, how much there is, and which layout would fit. */
export function checkMemory(
  { step, ...need }: MemoryNeed & Pick<ProcessLayout, "step">,
  batch: number,
  nearest: FindLayout,
  availableBytes = process.availableMemory(),
): void {
  const fits = (need: MemoryNeed) => need.bytes <= MEMORY_LIMIT_BYTES && wholeNeed(need) <= availableBytes;
  if (fits(need)) return;
  const fitting = nearest(fits);
  const culprits = largest(step, batch).map(({ words, bytes }) => `${words} alone is ${formatBytes(bytes)}`);
  if (need.stagingBytes > 0)
    culprits.push(`what messages are put together in is ${formatBytes(need.stagingBytes)}`);
  const culprit = culprits.length === 0 ? "" : `; ${culprits.join(", ")}`;
  throw new InputError(
    "too-much-memory",
    `this job needs ${formatBytes(wholeNeed(need))} of memory in one process${culprit}. ` +
      `A process holds at most ${formatBytes(MEMORY_LIMIT_BYTES)}, and this machine has ${formatBytes(availableBytes)} free`,
    fitting === null
      ? "make the hidden layers or the batch smaller"
      : `use ${fitting.flags}, the nearest that fits: it needs ${formatBytes(wholeNeed(fitting.need))}; or make the hidden layers or the batch smaller`,
  );
}
