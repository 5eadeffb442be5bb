/** How rows are cut into strips as even as they can be, since short tiles keep few chains in flight. */
import { tileRows } from "./engine";

/** Strips of at most `tileRows` rows. */
export function stripCount(rows: i32): i32 {
  return (rows + tileRows - 1) / tileRows;
}

/** The rows of the first strips; the others have one less. */
export function stripHeight(rows: i32): i32 {
  const count = stripCount(rows);
  return (rows + count - 1) / count;
}

/** How many strips have the full height. */
export function firstStrips(rows: i32): i32 {
  return rows - stripCount(rows) * (stripHeight(rows) - 1);
}
