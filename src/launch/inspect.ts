/** What `lockstep doctor` wants to know of a machine, found out there. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { compileKernels } from "../kernels/load.ts";
import { type MachineFacts, machineFacts } from "../run/environment.ts";

/** What tells machines apart that compute at different speeds, or in other bits. */
const NOTED_FEATURES = ["fma", "avx2", "avx512f", "asimd"];

export interface Inspection extends MachineFacts {
  readonly engine: string;
  readonly fma: boolean;
  readonly kernelDigest: string;
  readonly warnings: readonly string[];
  readonly features: readonly string[];
  /** Whether processes can listen there. */
  readonly ports: boolean;
  readonly clockMs: number;
}

export async function inspect(): Promise<Inspection> {
  const { engine, fma, digest, warnings } = compileKernels("auto");
  const ports = await canListen();
  return {
    ...machineFacts(),
    ...{ engine, fma, kernelDigest: digest, warnings, features: cpuFeatures(), ports },
    clockMs: Date.now(),
  };
}

function cpuFeatures(): string[] {
  try {
    const text = readFileSync("/proc/cpuinfo", "utf8");
    const words = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1].split(" ") ?? [];
    return NOTED_FEATURES.filter((feature) => words.includes(feature));
  } catch {
    return []; // Not Linux.
  }
}

/** Whether the system gives a port at all; only to this machine itself. */
function canListen(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(0, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
