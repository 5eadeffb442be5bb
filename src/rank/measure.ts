/**
 * What links and kernels of a run can do, measured before its first step and told to all, so that all plan
 * alike: process 0 measures the way to each other process, and takes the worst.
 */
import { availableParallelism } from "node:os";
import { type LockstepError, RankError } from "../base/errors.ts";
import { instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import type { Measured } from "../plan/gradients.ts";
import { MEASURING_CHANNELS } from "../profile/flight-report.ts";
import { processCount, type World } from "../program/world.ts";
import { DistanceEnd } from "../transport/distance.ts";
import type { Arrival, Inbox, Transport } from "../transport/transport.ts";

/** For each other process. */
const PATIENCE = { roundsMs: 10, bulkMs: 30 };
/** What takes 40 ms a peer on links that are well, and some seconds at the start of many processes on few cores. */
const LIMIT_MS = 60_000;
const PEER_LIMIT_MS = 1000;
/** By which the figures come; those before are the distance's. */
const FIGURES = MEASURING_CHANNELS + 1000;
/** Rows, columns and depth of the product that is timed, and how often. */
const EXTENT = 192;
const ROUNDS = 9;

/**
 * The inbox of a run's links while they are measured. What is meant for the run itself is kept for the inbox
 * that comes after.
 */
export class Measuring implements Inbox {
  readonly #self: number;
  readonly #module: WebAssembly.Module;
  readonly #sharesCores: boolean;
  readonly #ends = new Map<number, DistanceEnd>();
  readonly #figures = new Float64Array(4);
  #isOver = false;
  #told: () => void = () => {};
  #fail: (error: LockstepError) => void = () => {};

  /** `module` has the kernels whose speed is measured. */
  constructor(world: World, module: WebAssembly.Module) {
    const { self } = world;
    this.#self = self;
    this.#module = module;
    this.#sharesCores = threadsHere(world) > availableParallelism();
    for (let peer = 0; peer < processCount(world); peer++)
      if (peer !== self && (self === 0 || peer === 0))
        this.#ends.set(peer, new DistanceEnd(peer, self === 0, PATIENCE));
  }

  /**
   * Resolves when this process knows what process 0 has measured. All processes call it. Rejects when a link fails, with what
   * failed() is told, or when it takes far longer than it may for so many processes.
   */
  async measure(transport: Transport): Promise<Measured> {
    const limitMs = LIMIT_MS + transport.peers.length * PEER_LIMIT_MS;
    const timer = setTimeout(() => this.failed(late(limitMs)), limitMs);
    try {
      await (this.#self === 0 ? this.#measureAll(transport) : this.#hear(transport));
    } finally {
      clearTimeout(timer);
    }
    const [latencyUs, bytesPerUs, flopsPerUs, sharesCores] = this.#figures;
    return { latencyUs, bytesPerUs, flopsPerUs, sharesCores: sharesCores === 1 };
  }

  place(arrival: Arrival): Uint8Array | null {
    if (this.#isOver) return null;
    if (arrival.channel === FIGURES) return new Uint8Array(this.#figures.buffer, 0, arrival.bytes);
    return this.#ends.get(arrival.peer)?.place(arrival) ?? null;
  }

  arrived(arrival: Arrival): void {
    if (arrival.channel !== FIGURES) this.#ends.get(arrival.peer)?.arrived(arrival);
    else {
      this.#isOver = true;
      this.#told();
    }
  }

  failed(error: LockstepError): void {
    this.#fail(error);
    for (const end of this.#ends.values()) end.failed(error);
  }

  async #measureAll(transport: Transport): Promise<void> {
    let [latencyUs, bytesPerUs] = [0, Number.POSITIVE_INFINITY];
    for (const end of this.#ends.values()) {
      const { roundTripUs, bytesPerSecond } = await end.measure(transport);
      latencyUs = Math.max(latencyUs, roundTripUs / 2);
      bytesPerUs = Math.min(bytesPerUs, bytesPerSecond / 1e6);
    }
    this.#isOver = true;
    this.#figures.set([latencyUs, bytesPerUs, flopsPerUs(this.#module), Number(this.#sharesCores)]);
    const bytes = new Uint8Array(this.#figures.buffer.slice());
    const message = { channel: FIGURES, sequence: 0, flags: 0, bytes };
    for (const peer of transport.peers) transport.send(peer, message, () => {});
  }

  async #hear(transport: Transport): Promise<void> {
    const told = new Promise<void>((resolve, reject) => {
      this.#told = resolve;
      this.#fail = reject;
    });
    await Promise.all([(this.#ends.get(0) as DistanceEnd).answer(transport), told]);
  }
}

function late(limitMs: number): RankError {
  return new RankError(
    "measuring-late",
    `the links between the processes were not measured in ${limitMs / 1000} s`,
    "look at the network and the load of the machines: lockstep doctor measures every two of them; --allreduce exchange needs no figures",
    { operation: "measure links" },
  );
}

/** Ranks of the processes on this one's host, and their main threads, which move bytes. */
function threadsHere({ self, ranks, hosts }: World): number {
  const isHere = (process: number) => hosts === undefined || hosts[process] === hosts[self];
  return ranks.reduce((sum, count, process) => (isHere(process) ? sum + count + 1 : sum), 0);
}

/** Of a small product, on this thread. */
function flopsPerUs(module: WebAssembly.Module): number {
  const floats = 4 * EXTENT * EXTENT;
  const asked = instantiateKernels(module, createMemory(0));
  const scratchBytes = asked.gemmScratchBytes(EXTENT, EXTENT, EXTENT);
  const [a, b, c, scratch] = [0, 1, 2, 3].map((index) => 65536 + index * floats);
  const kernels = instantiateKernels(module, createMemory(scratch + scratchBytes));
  const size = [EXTENT, EXTENT, EXTENT, EXTENT, EXTENT, EXTENT] as const;
  let leastUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    kernels.gemmTN(c, a, b, 0, ...size, 0, 0, scratch);
    leastUs = Math.min(leastUs, 1000 * (performance.now() - start));
  }
  return (2 * EXTENT * EXTENT * EXTENT) / leastUs;
}
