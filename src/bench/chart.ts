/** A measurement as one picture: the roofline of the products above, the bars of the other kernels below. */
import { barsHeight, drawBars } from "./bars.ts";
import { isProduct, isVector, type KernelRow } from "./kernel-row.ts";
import { type CopyRoof, drawRoofline } from "./roofline.ts";
import { document, text } from "./svg.ts";

const WIDTH = 980;
const MARGIN = 30;
const ROOFLINE_HEIGHT = 400;
const HEADING = { "font-size": 15, "font-weight": "bold" } as const;

/** The SVG of these rows; `subtitle` says on what they were measured. */
export function chartOf(rows: readonly KernelRow[], copies: readonly CopyRoof[], subtitle: string): string {
  const products = rows.filter(isProduct);
  const vectors = rows.filter(isVector);
  const drawn: string[] = [
    text(MARGIN, 34, "Lockstep's kernels under this machine's roofs", { ...HEADING, "font-size": 18 }),
    text(MARGIN, 54, subtitle, { fill: "#555" }),
  ];
  let y = 90;
  if (products.length > 0) {
    const frame = { left: 90, top: y + 34, width: WIDTH - 90 - MARGIN, height: ROOFLINE_HEIGHT };
    drawn.push(text(MARGIN, y, "Matrix products", HEADING), ...drawRoofline(products, copies, frame));
    y = frame.top + frame.height + 80;
  }
  if (vectors.length > 0) {
    const frame = { left: 200, top: y + 34, width: WIDTH - 200 - MARGIN, height: barsHeight(vectors) };
    drawn.push(text(MARGIN, y, "Other kernels, GB/s read and written", HEADING), ...drawBars(vectors, frame));
    y = frame.top + frame.height + 30;
  }
  return document(WIDTH, y, drawn);
}
