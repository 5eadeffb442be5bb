/** Where a case's buffers are in the memory of a process's ranks. */
import { Arena } from "../program/arena.ts";
import { type AllreduceCase, listsOfCase } from "./allreduce-case.ts";
import { reserveApart } from "./roofs.ts";
import { isShort, slotBytes } from "./shared-allreduce.ts";

export interface AllreduceMemories {
  /** By rank. A list works in place: there outputs are inputs. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly scratch: readonly number[];
  readonly slots: number;
  readonly endBytes: number;
}

export function memoriesOf(one: AllreduceCase): AllreduceMemories {
  const { algorithm, ranks, bytes } = one;
  const arena = new Arena();
  const many = (count: number, size: number) =>
    Array.from({ length: count }, () => reserveApart(arena, size));
  const inputs = many(ranks, bytes);
  if (algorithm !== "shared") {
    const scratch = listsOfCase(one).map(({ scratchCount }) => reserveApart(arena, 4 * scratchCount));
    return { inputs, outputs: inputs, scratch, slots: 0, endBytes: arena.endBytes };
  }
  const own = isShort(bytes / 4);
  const results = many(own ? ranks : 1, bytes);
  const outputs = inputs.map((_, rank) => results[own ? rank : 0]);
  const slots = reserveApart(arena, slotBytes(ranks, bytes / 4));
  return { inputs, outputs, scratch: [], slots, endBytes: arena.endBytes };
}
