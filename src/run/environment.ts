/** env.json: on what a run was trained, so that its figures can be judged later. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname, totalmem } from "node:os";

/** What only the run itself knows. */
export interface EngineFacts {
  readonly engine: string;
  readonly fma: boolean;
  readonly kernelDigest: string;
}

/** The machine that a process of a launched job found itself on. */
export interface MachineFacts {
  readonly lockstep: string;
  readonly node: string;
  /** The machine's own name, whatever it was called by. */
  readonly machine: string;
  readonly cpu: string;
  readonly cores: number;
}

/** A process of a launched job: the host as it was spelled, and what it is. */
export interface HostFacts extends MachineFacts {
  readonly host: string;
  readonly ranks: number;
}

export function machineFacts(): MachineFacts {
  return {
    lockstep: lockstepVersion(),
    node: process.versions.node,
    machine: hostname(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
  };
}

/**
 * Plain data, ready for JSON. Memory is in bytes; `engine` is null until the kernels are loaded. `hosts` are the processes of a
 * launched job.
 */
export function describeEnvironment(
  argv: readonly string[],
  engine: (EngineFacts & { readonly hosts?: readonly HostFacts[] }) | null,
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
    ...(engine?.hosts && { hosts: engine.hosts }),
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
