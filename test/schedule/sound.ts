/** The slow twin of the validator: what must be before what, written out as a graph, which must have no circle. */
import type { Action, Schedule } from "../../src/schedule/action.ts";

/** Whether each forward and each gradient is there once, ascends in its stage, and comes after what it needs. */
export function isSound({ pipelineRanks, stages, microBatches, actions }: Schedule): boolean {
  const where = new Map<string, Action[]>();
  const note = (part: string, action: Action) => where.set(part, [...(where.get(part) ?? []), action]);
  for (const action of actions.flat()) {
    const at = `${action.stage},${action.microBatch}`;
    if (action.kind === "forward") note(`F${at}`, action);
    if (action.kind === "input-gradient" || action.kind === "backward") note(`X${at}`, action);
    if (action.kind === "weight-gradient" || action.kind === "backward") note(`W${at}`, action);
  }
  const edges: [Action, Action][] = [];
  for (const list of actions)
    for (const [i, action] of list.slice(1).entries()) edges.push([list[i], action]);
  for (let stage = 0; stage < stages; stage++)
    for (let j = 0; j < microBatches; j++) {
      const [f, x, w] = ["F", "X", "W"].map((letter) => where.get(`${letter}${stage},${j}`) ?? []);
      if (f.length !== 1 || x.length !== 1 || w.length !== 1) return false;
      if (!actions[stage % pipelineRanks].includes(f[0])) return false;
      edges.push([f[0], x[0]]);
      if (x[0] !== w[0]) edges.push([x[0], w[0]]);
      if (stage > 0) edges.push([where.get(`F${stage - 1},${j}`)![0], f[0]]);
      if (stage < stages - 1) edges.push([where.get(`X${stage + 1},${j}`)?.[0] ?? x[0], x[0]]);
      if (j > 0)
        for (const letter of ["F", "X", "W"])
          edges.push([where.get(`${letter}${stage},${j - 1}`)![0], where.get(`${letter}${stage},${j}`)![0]]);
    }
  return hasNoCircle(actions.flat(), edges);
}

/** Takes away, again and again, what nothing is before. */
function hasNoCircle(nodes: readonly Action[], edges: readonly (readonly [Action, Action])[]): boolean {
  let left = new Set(nodes);
  for (;;) {
    const later = new Set(edges.filter(([before]) => left.has(before)).map(([, after]) => after));
    const rest = new Set([...left].filter((node) => later.has(node)));
    if (rest.size === left.size) return rest.size === 0;
    left = rest;
  }
}
