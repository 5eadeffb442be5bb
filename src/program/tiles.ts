/** Which nodes of a pipeline slices divide by columns, and the columns of each team. */
import type { Node } from "../graph/tensor.ts";
import type { Tile } from "./arguments.ts";
import type { PipelinePlace } from "./pipeline-place.ts";
import { makesRows } from "./stages.ts";
import { columnsOfSlices, type Grid, haveColumns, overlap, type Team } from "./teams.ts";

/**
 * The axis of the columns of what a node makes, if it makes rows of the batch and can make some columns without the others, and has
 * enough of them for the slices of a grid: a product, whose weights' columns are apart. Else null: who shares rows then makes all of
 * them, each for itself.
 */
export function columnAxisOf(node: Node, { slices }: Pick<Grid, "slices">): string | null {
  if (node.op.takesColumns !== "strided" || node.slices || !makesRows(node)) return null;
  if (!haveColumns(Number(node.outputs[0].shape[1]), slices)) return null;
  const { roles, outputs } = node.op.axes(node);
  const [, axis] = outputs[0];
  return roles[axis] === "row" ? axis : null;
}

/** What a rank executes of a node for a micro-batch; null for nothing. */
export function tileOf(node: Node, microBatch: number, { grid, team }: PipelinePlace): Tile | null {
  if (!isOf(node, team)) return null;
  const axis = columnAxisOf(node, grid);
  if (axis === null || isWhole(team, grid)) return { microBatch };
  const slice = columnsOfSlices(Number(node.outputs[0].shape[1]), team.slices, grid.slices);
  return { microBatch, columns: { axis, slice } };
}

/** Whether a node is one that the slices of a team execute. */
export const isOf = ({ slices }: Node, team: Team): boolean =>
  typeof slices !== "object" || overlap(slices, team.slices);

/** Whether a team makes all columns of its rows. */
export const isWhole = ({ slices }: Team, grid: Grid): boolean => slices.count === grid.slices;
