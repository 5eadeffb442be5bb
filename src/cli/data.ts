/** `lockstep data list`: the data sets with a name, and how to get those that are not here. */
import { type DatasetListing, listDatasets } from "../data/catalogue.ts";
import type { Context } from "./context.ts";
import { grouped } from "./progress.ts";

/** Returns the exit code. */
export function listData({ output }: Context): number {
  for (const row of listDatasets()) {
    output.object(row);
    for (const line of describeDataset(row)) output.result(line);
  }
  output.result("Any folder of IDX files (also .gz) will do too: --dataset FOLDER");
  return 0;
}

/** A line for the name, and indented what is known. */
export function describeDataset({
  name,
  installed,
  trainCount,
  testCount,
  shape,
  classes,
  path,
  fix,
  problem,
}: DatasetListing): string[] {
  if (!installed) return [name, `  not installed: ${fix}`];
  if (problem !== null) return [name, `  ${problem}`, `  in ${path}`];
  const samples = `${grouped(trainCount ?? 0)} + ${grouped(testCount ?? 0)} samples`;
  return [name, `  ${samples} of ${shape?.join(" × ")}, ${classes} classes`, `  in ${path}`];
}
