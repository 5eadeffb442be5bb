/** Which nodes of a list must wait for which: those that touch a tensor that at least one of the two writes. */
import type { Node, Tensor } from "../graph/tensor.ts";
import { accessesOf } from "./split.ts";

/** For each node, the indices of the earlier nodes that it must follow, ascending. */
export function predecessors(nodes: readonly Node[]): number[][] {
  const touched = new Map<Tensor, { index: number; writes: boolean }[]>();
  return nodes.map((node, index) => {
    const accesses = accessesOf(node);
    const before = new Set<number>();
    for (const { tensor, writes } of accesses)
      for (const earlier of touched.get(tensor) ?? [])
        if (writes || earlier.writes) before.add(earlier.index);
    for (const { tensor, writes } of accesses) {
      const list = touched.get(tensor);
      if (list) list.push({ index, writes });
      else touched.set(tensor, [{ index, writes }]);
    }
    return [...before].sort((a, b) => a - b);
  });
}
