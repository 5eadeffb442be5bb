/** A measuring thread: goes through the cases with the others, and tells what each came to. */
import { parentPort, workerData } from "node:worker_threads";
import { instantiateKernels } from "../kernels/load.ts";
import { instantiatePeak } from "../kernels/peak.ts";
import { Arena } from "../program/arena.ts";
import { Barrier, spinCount } from "../rank/barrier.ts";
import { bytesOf } from "./case.ts";
import { measureCase } from "./measuring.ts";
import { COPY_BYTES, type MeasuringJob, type MeasuringMessage } from "./measuring-job.ts";
import { loadOpenBlas, type OpenBlas } from "./openblas.ts";
import type { CopyRoof } from "./roofline.ts";
import { Roofs } from "./roofs.ts";
import { callsASample, timeCalls } from "./sampling.ts";
import { median } from "./statistics.ts";

/** What is measured once, beside the cases, takes so long a sample. */
const PROBE_US = 1500;
/** Threads differ by at most what the largest product takes. */
const TIMEOUT_MS = 600_000;

async function work(job: MeasuringJob, tell: (message: MeasuringMessage) => void): Promise<void> {
  const { memory, words, thread, threads, rounds, cases } = job;
  const loaded = job.peers ? await loadOpenBlas() : null;
  const peer = loaded !== null && "sgemm" in loaded ? loaded : null;
  const kernels = instantiateKernels(job.kernels, memory);
  const loops = instantiatePeak(job.peak, memory);
  const spins = spinCount(words, threads);
  const barrier = new Barrier(words, { rank: thread, ranks: threads, spins, timeoutMs: TIMEOUT_MS });
  barrier.meet();
  const copies = measureCopies(new Roofs(loops, memory, new Arena(), Math.max(...COPY_BYTES)));
  tell({ type: "ready", copies, peerCallUs: peer && emptyCallUs(peer, memory) });
  for (const one of cases) {
    const arena = new Arena();
    const roofs = new Roofs(loops, memory, arena, one.shape ? 0 : bytesOf(one.operands));
    const together = { thread, threads, rounds, barrier, words };
    tell({ type: "measured", samples: measureCase(one, kernels, memory, arena, roofs, peer, together) });
  }
}

function measureCopies(roofs: Roofs): CopyRoof[] {
  return COPY_BYTES.map((bytes) => {
    const { call, work } = roofs.copy(bytes);
    const calls = callsASample(call, PROBE_US);
    return { bytes, gbs: work / median(Array.from({ length: 5 }, () => timeCalls(call, calls))) / 1e3 };
  });
}

/** A product without rows: the arguments' way to the library and back. */
function emptyCallUs(peer: OpenBlas, memory: WebAssembly.Memory): number {
  const call = peer.sgemm(memory, 64, 64, 64, { variant: "NN", m: 0, n: 1, k: 1 });
  return timeCalls(call, callsASample(call, PROBE_US));
}

const port = parentPort as NonNullable<typeof parentPort>;
await work(workerData as MeasuringJob, (message) => port.postMessage(message));
