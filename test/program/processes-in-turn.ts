/** Several processes in one thread, each with a memory of its own, between which transfers are copied: the twin of the exchange. */
import { batchCount, batchSize } from "../../src/data/shares.ts";
import type { Meetings } from "../../src/program/execute.ts";
import type { Program } from "../../src/program/instruction.ts";
import { placeOf } from "../../src/program/transfers.ts";
import { phasesInTurn, type Turns } from "./in-turn.ts";
import { type OneThread, oneThread, type Wish } from "./one-thread.ts";

/** The transfers of a step so far, as one process sees them. */
interface Post {
  /** How many parts of its own are made. */
  readonly parts: Map<number, number>;
  readonly arrived: Set<number>;
}

/** Processes with so many ranks each. */
export function processesInTurn(wish: Omit<Wish, "ranks" | "world">, ranks: readonly number[]): OneThread[] {
  return ranks.map((_, self) => oneThread({ ...wish, world: { self, ranks } }));
}

/** Checks what a rank relies on when it meets another process. */
function meetingsOf(post: Post): Meetings {
  return {
    barrier: () => {},
    enter: () => {},
    start: (transfer) => {
      post.parts.set(transfer, (post.parts.get(transfer) ?? 0) + 1);
    },
    wait: (transfer) => {
      if (!post.arrived.has(transfer)) throw new Error(`transfer ${transfer} is read before it arrives`);
    },
    drain: () => {},
  };
}

/** The first `steps` steps of training; returns the mean loss of each, as process 0 sees it. */
export function trainProcesses(jobs: readonly OneThread[], steps: number, turns: Turns): number[] {
  const [{ data, batch, memory, address }] = jobs;
  const stepLoss = new Float64Array(memory.buffer, address("stepLoss"), 1);
  return Array.from({ length: steps }, (_, done) => {
    const index = done % batchCount(data.train.count, batch);
    const size = batchSize(data.train.count, batch, index);
    step(jobs, index * batch, size, turns);
    return stepLoss[0] / size;
  });
}

function step(jobs: readonly OneThread[], position: number, batch: number, turns: Turns): void {
  const posts = jobs.map((): Post => ({ parts: new Map(), arrived: new Set() }));
  const phases = jobs.map((job, process) => {
    const meetings = meetingsOf(posts[process]);
    return phasesInTurn(job, job.layout.train as Program[], { world: job.world, position, batch }, meetings);
  });
  for (let phase = 0; phase < phases[0].length; phase++) {
    for (const process of turns(
      jobs.map((_, process) => process),
      phase,
    ))
      phases[process][phase](turns);
    deliver(jobs, posts, phase, batch);
  }
}

/** Copies what was made in `phase` into the other processes' memories. */
function deliver(jobs: readonly OneThread[], posts: readonly Post[], phase: number, batch: number): void {
  for (const [process, { layout, memory, world }] of jobs.entries())
    for (const transfer of layout.transfers) {
      if (transfer.sender !== process || transfer.phase !== phase) continue;
      const expected = transfer.pieces.length * world.ranks[process];
      if (posts[process].parts.get(transfer.id) !== expected)
        throw new Error(`transfer ${transfer.id} is not whole`);
      for (const [other, job] of jobs.entries()) {
        if (other === process) continue;
        for (const [index, piece] of transfer.pieces.entries()) {
          const from = placeOf(piece, world, process, batch);
          const to = placeOf(job.layout.transfers[transfer.id].pieces[index], job.world, process, batch);
          new Uint8Array(job.memory.buffer, to.address, to.bytes).set(
            new Uint8Array(memory.buffer, from.address, from.bytes),
          );
        }
        posts[other].arrived.add(transfer.id);
      }
    }
}
