/**
 * Gradients that processes add by an allreduce: what each has summed of its samples lies in shared memory, and the main thread's
 * kernel adds what comes from the others to it, in place. Small gradients are put together first, and taken apart afterwards.
 */
import type { ActionList } from "../collective/action.ts";
import { ALLREDUCES } from "../collective/algorithms.ts";
import type { LinkCollective } from "../collective/link-collective.ts";
import { LinkCollectives } from "../collective/link-collectives.ts";
import type { Kernels } from "../kernels/abi.ts";
import { alignUp } from "../program/arena.ts";
import { bytesOf, pieceBytes, placesOf } from "../program/piece-places.ts";
import type { Transfer } from "../program/transfers.ts";
import { processCount, type World } from "../program/world.ts";
import type { Arrival, Transport } from "../transport/transport.ts";

/** One allreduce, and where in the memory of all of them it has room of its own. */
interface Planned {
  readonly transfer: Transfer;
  readonly list: ActionList;
  /** Elements that are added. */
  readonly count: number;
  /** Where pieces are put together; not used for a single piece, which is added where it lies. */
  readonly togetherOffset: number;
  readonly scratchOffset: number;
}

export interface AllreducePlan {
  readonly planned: readonly Planned[];
  /** Bytes of all rooms. */
  readonly bytes: number;
}

export function planAllreduces(transfers: readonly Transfer[], world: World): AllreducePlan {
  const planned: Planned[] = [];
  let bytes = 0;
  const reserve = (elements: number): number => {
    const offset = bytes;
    bytes += alignUp(4 * elements);
    return offset;
  };
  for (const transfer of transfers) {
    if (transfer.allreduce === null) continue;
    const sizes = transfer.pieces.map((piece) => pieceBytes(piece, world, world.self, 0) / 4);
    const count = sizes.reduce((sum, size) => sum + size, 0);
    const list = ALLREDUCES[transfer.allreduce](world.self, processCount(world), count, count);
    const togetherOffset = reserve(sizes.length > 1 ? count : 0);
    planned.push({ transfer, list, count, togetherOffset, scratchOffset: reserve(list.scratchCount) });
  }
  return { planned, bytes };
}

/** A piece where the ranks know it, and its part of what is added. */
interface Part {
  readonly there: Float32Array;
  readonly here: Float32Array;
}

interface Ready {
  readonly collective: LinkCollective;
  /** Empty for a single piece. */
  readonly parts: readonly Part[];
}

export interface AllreduceOptions {
  readonly memory: WebAssembly.Memory;
  readonly world: World;
  readonly transfers: readonly Transfer[];
  /** Of the memory of a plan of these transfers. */
  readonly address: number;
  readonly kernels: Pick<Kernels, "add">;
}

/** Calls on the main thread only. */
export class Allreduces {
  readonly #collectives: LinkCollectives;
  readonly #ready = new Map<number, Ready>();

  constructor(transport: Transport, options: AllreduceOptions) {
    const { memory, world, transfers, address, kernels } = options;
    const floats = (at: number, count: number) => new Float32Array(memory.buffer, at, count);
    this.#collectives = new LinkCollectives(transport, (to, left, right, summed) => {
      kernels.add(to.byteOffset, left.byteOffset, right.byteOffset, to.length);
      summed();
    });
    for (const each of planAllreduces(transfers, world).planned) {
      const { transfer, list, count, togetherOffset, scratchOffset } = each;
      const pieces = transfer.pieces.map((piece) => {
        const [place] = placesOf(piece, world, world.self, 0);
        return floats(place.address, bytesOf(place) / 4);
      });
      const buffer = pieces.length > 1 ? floats(address + togetherOffset, count) : pieces[0];
      const scratch = floats(address + scratchOffset, list.scratchCount);
      const collective = this.#collectives.prepare(transfer.id, { list, buffer, scratch });
      this.#ready.set(transfer.id, { collective, parts: pieces.length > 1 ? apart(pieces, buffer) : [] });
    }
  }

  owns(channel: number): boolean {
    return this.#ready.has(channel);
  }

  place(arrival: Arrival): Uint8Array | null {
    return this.#collectives.place(arrival);
  }

  arrived(arrival: Arrival): void {
    this.#collectives.arrived(arrival);
  }

  /** Adds what all processes have of a transfer; calls `done` when the sums are in place. */
  run(transfer: number, done: () => void): void {
    const { collective, parts } = this.#ready.get(transfer) as Ready;
    for (const { there, here } of parts) here.set(there);
    collective.run(() => {
      for (const { there, here } of parts) there.set(here);
      done();
    });
  }
}

function apart(pieces: readonly Float32Array[], buffer: Float32Array): Part[] {
  let first = 0;
  return pieces.map((there) => {
    const here = buffer.subarray(first, first + there.length);
    first += there.length;
    return { there, here };
  });
}
