/** Where the bytes of a piece of a transfer lie, in a step of so many samples. */
import { firstRow } from "../data/shares.ts";
import type { Piece, ReplicaRows } from "./transfers.ts";
import { rowsOfProcess, type World } from "./world.ts";

/** Runs of bytes: the first at `address`, and each begins so many bytes after the one before. */
export interface Place {
  readonly address: number;
  readonly runs: number;
  readonly runBytes: number;
  readonly strideBytes: number;
}

/** Rows from `first` on. */
function rowsAt({ base, rowBytes, columns }: Piece, first: number, rows: number): Place {
  const address = base + first * rowBytes;
  if (columns === undefined)
    return { address, runs: 1, runBytes: rows * rowBytes, strideBytes: rows * rowBytes };
  return {
    address: address + columns.firstByte,
    runs: rows,
    runBytes: columns.bytes,
    strideBytes: rowBytes,
  };
}

/** The rows of some replicas of one micro-batch. */
function placeOfReplicas(piece: Piece, rows: ReplicaRows, microBatch: number, batch: number): Place {
  const begin = firstRow(batch, microBatch, rows.microBatches);
  const count = firstRow(batch, microBatch + 1, rows.microBatches) - begin;
  const { first, count: replicas } = rows.replicas;
  const from = firstRow(count, first, rows.allReplicas);
  return rowsAt(piece, begin + from, firstRow(count, first + replicas, rows.allReplicas) - from);
}

/**
 * The places of a piece that process `sender` sends, in the order in which they travel; the receiver's are
 * the same of its memory.
 */
export function placesOf(piece: Piece, world: World, sender: number, batch: number): Place[] {
  const { rows } = piece;
  if (rows === "batch") {
    const { first, rows: count } = rowsOfProcess(world, batch, sender);
    return [rowsAt(piece, first, count)];
  }
  if (!("replicas" in rows)) return [rowsAt(piece, rows.first, rows.count)];
  if (rows.microBatch !== "all") return [placeOfReplicas(piece, rows, rows.microBatch, batch)];
  if (rows.replicas.count === rows.allReplicas) return [rowsAt(piece, 0, batch)];
  return Array.from({ length: rows.microBatches }, (_, microBatch) =>
    placeOfReplicas(piece, rows, microBatch, batch),
  );
}

export const bytesOf = ({ runs, runBytes }: Place): number => runs * runBytes;

/** Bytes that a piece has. */
export const pieceBytes = (piece: Piece, world: World, sender: number, batch: number): number =>
  placesOf(piece, world, sender, batch).reduce((sum, place) => sum + bytesOf(place), 0);
