/**
 * What of a transfer does not lie in one piece is put together, or taken apart, in a buffer of the main thread, beside the shared
 * memory: several tensors that travel together, and columns that are parts of rows.
 */
import type { Place } from "../program/piece-places.ts";
import type { Transfer } from "../program/transfers.ts";
import type { World } from "../program/world.ts";
import { gather, liesApart, placesOfTransfer, scatter, sumOfBytes, viewOf } from "./pieces.ts";

/** Bytes of all buffers that a process comes to have in steps of at most `batch` samples. */
export function stagingBytes(transfers: readonly Transfer[], world: World, batch: number): number {
  return transfers
    .filter(({ allreduce, sender, receivers }) => {
      const isHere = sender === world.self || receivers.includes(world.self);
      return isHere && allreduce === null; // What is added has room in shared memory (allreduces.ts).
    })
    .map((transfer) => placesOfTransfer(transfer, world, batch))
    .filter(liesApart)
    .reduce((sum, places) => sum + sumOfBytes(places), 0);
}

export class Staging {
  readonly #memory: WebAssembly.Memory;
  readonly #world: World;
  /** By transfer; they are kept, so that steps allocate none. */
  readonly #buffers = new Map<number, Uint8Array>();

  constructor(memory: WebAssembly.Memory, world: World) {
    this.#memory = memory;
    this.#world = world;
  }

  /** Bytes of the buffers that there are. */
  get bytes(): number {
    return [...this.#buffers.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The bytes of a transfer of this process in a step of `batch` samples, in one piece. */
  gather(transfer: Transfer, batch: number): Uint8Array {
    const places = placesOfTransfer(transfer, this.#world, batch);
    const one = this.#onePiece(transfer, places);
    if (liesApart(places)) gather(this.#memory, places, one);
    return one;
  }

  /** Where a transfer to this process goes, in one piece. */
  place(transfer: Transfer, batch: number): Uint8Array {
    return this.#onePiece(transfer, placesOfTransfer(transfer, this.#world, batch));
  }

  /** Puts what has come to that place where the ranks know it. */
  scatter(transfer: Transfer, batch: number): void {
    const places = placesOfTransfer(transfer, this.#world, batch);
    if (liesApart(places)) scatter(this.#memory, places, this.#onePiece(transfer, places));
  }

  #onePiece({ id }: Transfer, places: readonly Place[]): Uint8Array {
    if (!liesApart(places)) return viewOf(this.#memory, places);
    const bytes = sumOfBytes(places);
    const found = this.#buffers.get(id);
    if (found && found.length >= bytes) return found.subarray(0, bytes);
    const made = new Uint8Array(bytes);
    this.#buffers.set(id, made);
    return made;
  }
}
