/** env.json: on what a run was trained, so that its figures can be judged later. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname, totalmem } from "node:os";

/** What only the run itself knows. */
export interface EngineFacts {
  readonly engine: string;
  readonly fma: boolean;
  readonly kernelDigest: string;
}

/** Plain data, ready for JSON. Memory is in bytes; `engine` is null until the kernels are loaded. */
export function describeEnvironment(
  argv: readonly string[],
  engine: EngineFacts | null,
): Record<string, unknown> {
  return {
    lockstep: lockstepVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    host: hostname(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    engine: engine?.engine ?? null,
    fma: engine?.fma ?? null,
    kernelDigest: engine?.kernelDigest ?? null,
    argv,
    folder: process.cwd(),
  };
}

/** The version of package.json, which lies above build/src/run/ as above src/run/. */
export function lockstepVersion(): string {
  for (const above of ["../../../package.json", "../../package.json"]) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(above, import.meta.url), "utf8")) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === "lockstep" && manifest.version !== undefined) return manifest.version;
    } catch {
      // The other place, then.
    }
  }
  return "unknown";
}
