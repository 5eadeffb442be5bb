/** The start-up self-test: hot kernels against their slow twins, since an experimental engine flag needs a guard. */
import { EnvironmentError } from "../base/errors.ts";
import type { Kernels } from "./abi.ts";

/** What differs between the kernels and their twins over `memory` (which it overwrites), or undefined. */
export function selfTest(
  kernels: Kernels,
  reference: Kernels,
  _memory: WebAssembly.Memory,
): string | undefined {
  if (kernels.fused() !== reference.fused()) return "fused";
  return undefined;
}

/** Every thread calls this once all addons are loaded: throws EnvironmentError `flush-to-zero` (NUMERICS §2.15). */
export function checkSubnormals(kernels: Pick<Kernels, "keepsSubnormals">): void {
  if (kernels.keepsSubnormals() === 1) return;
  throw new EnvironmentError(
    "flush-to-zero",
    "this thread rounds subnormal numbers to zero, so its results would have other bits",
    "do not load native addons or libraries that were built with -ffast-math (LD_PRELOAD, NODE_OPTIONS=--require)",
  );
}
