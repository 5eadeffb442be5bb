/** The bytes of a transfer in shared memory: as one view where they lie in one piece, else put together and taken apart. */
import { bytesOf, type Place, placesOf } from "../program/piece-places.ts";
import type { Transfer } from "../program/transfers.ts";
import type { World } from "../program/world.ts";

/** The places of all pieces, in the order in which they travel. */
export const placesOfTransfer = (
  { pieces, sender }: Pick<Transfer, "pieces" | "sender">,
  world: World,
  batch: number,
): Place[] => pieces.flatMap((piece) => placesOf(piece, world, sender, batch));

export const sumOfBytes = (places: readonly Place[]): number =>
  places.reduce((sum, place) => sum + bytesOf(place), 0);

/** Whether no one view has all bytes. */
export function liesApart(places: readonly Place[]): boolean {
  const [place] = places;
  return places.length !== 1 || (place.runs !== 1 && place.runBytes !== place.strideBytes);
}

/** The view of what does not lie apart. */
export const viewOf = (memory: WebAssembly.Memory, [place]: readonly Place[]): Uint8Array =>
  new Uint8Array(memory.buffer, place.address, bytesOf(place));

/** Puts what lies apart together. */
export function gather(memory: WebAssembly.Memory, places: readonly Place[], to: Uint8Array): void {
  const bytes = new Uint8Array(memory.buffer);
  visit(places, (at, length, staged) => to.set(bytes.subarray(at, at + length), staged));
}

/** Takes it apart again. */
export function scatter(memory: WebAssembly.Memory, places: readonly Place[], from: Uint8Array): void {
  const bytes = new Uint8Array(memory.buffer);
  visit(places, (at, length, staged) => bytes.set(from.subarray(staged, staged + length), at));
}

function visit(
  places: readonly Place[],
  visitor: (address: number, bytes: number, staged: number) => void,
): void {
  let staged = 0;
  for (const { address, runs, runBytes, strideBytes } of places)
    for (let run = 0; run < runs; run++) {
      visitor(address + run * strideBytes, runBytes, staged);
      staged += runBytes;
    }
}
