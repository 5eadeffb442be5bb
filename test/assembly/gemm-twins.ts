/** The twins of the matrix products: all engines of this Node, and arm64's tile on those of 128 bit. */
import type { Host } from "../../src/kernels/engine.ts";
import { thisHost } from "../../src/kernels/engine.ts";
import { compileFor, instantiateKernels, instantiateReference, readBinary } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { allTwins, type Twins } from "./twins.ts";

export const arm64: Host = { ...thisHost, arch: "arm64" };

export interface GemmTwins extends Twins {
  /** Names the engine and, if it is not this machine's own, the tile. */
  readonly name: string;
}

/** Over `bytes` of memory each. */
export function gemmTwins(bytes: number): GemmTwins[] {
  const here = allTwins(bytes).map((twins) => ({ ...twins, name: twins.engine }));
  const there = (["relaxed", "plain"] as const).map((binary) => {
    const engine = `${binary}-128` as const;
    const memory = createMemory(bytes);
    const kernels = instantiateKernels(compileFor(readBinary(binary), engine), memory, arm64);
    return {
      name: `${engine} arm64`,
      engine,
      kernels,
      reference: instantiateReference(binary, memory),
      memory,
    };
  });
  return [...here, ...there];
}
