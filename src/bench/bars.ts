/** The other kernels as bars of bytes a second, each with the copy that was measured in the same rounds. */
import { groupRows, type VectorRow } from "./kernel-row.ts";
import type { Frame } from "./roofline.ts";
import { sizeText } from "./roofline.ts";
import { element, line, text } from "./svg.ts";

const BAR_HEIGHT = 9;
const GROUP_GAP = 7;
const FIGURE_WIDTH = 26;
const COLOURS = ["#7fb2dd", "#0b62a4", "#083d66"];

const byKernel = (rows: readonly VectorRow[]): Map<string, VectorRow[]> =>
  groupRows(rows, ({ kernel }) => kernel);

export function barsHeight(rows: readonly VectorRow[]): number {
  return rows.length * BAR_HEIGHT + byKernel(rows).size * GROUP_GAP;
}

/** The elements of the chart; names stand left of the frame, which is as high as barsHeight says. */
export function drawBars(rows: readonly VectorRow[], { left, top, width }: Frame): string[] {
  if (rows.length === 0) return [];
  const most = Math.max(...rows.flatMap(({ gbs, copyGbs }) => [gbs, copyGbs]));
  const x = (gbs: number) => left + (gbs / most) * (width - 60);
  const drawn: string[] = [];
  let y = top;
  for (const [kernel, group] of byKernel(rows)) {
    const middle = y + (group.length * BAR_HEIGHT) / 2;
    drawn.push(text(left - 8, middle + 4, kernel, { "text-anchor": "end" }));
    for (const [index, row] of group.entries()) {
      drawn.push(...bar(row, y, x, left, COLOURS[Math.min(index, COLOURS.length - 1)]));
      y += BAR_HEIGHT;
    }
    y += GROUP_GAP;
  }
  return [...drawn, ...legend(rows, left, top, width)];
}

function bar(
  { gbs, copyGbs, n }: VectorRow,
  y: number,
  x: (gbs: number) => number,
  left: number,
  fill: string,
): string[] {
  const title = element("title", {}, `n = ${n}: ${gbs.toFixed(1)} GB/s, a copy ${copyGbs.toFixed(1)}`);
  const isBehind = x(copyGbs) > x(gbs) && x(copyGbs) - x(gbs) < FIGURE_WIDTH;
  const figureAt = (isBehind ? x(copyGbs) : x(gbs)) + 5;
  return [
    element("rect", { x: left, y, width: x(gbs) - left, height: BAR_HEIGHT - 1, fill }, [title]),
    line(x(copyGbs), y - 1, x(copyGbs), y + BAR_HEIGHT, { stroke: "#c44e00", "stroke-width": 2 }),
    text(figureAt, y + BAR_HEIGHT - 1.5, gbs.toFixed(gbs < 10 ? 1 : 0), { "font-size": 9, fill: "#555" }),
  ];
}

function legend(rows: readonly VectorRow[], left: number, top: number, width: number): string[] {
  const [first] = byKernel(rows).values();
  const sizes = first.map(({ n }, index) =>
    text(left + 130 * index, top - 12, `■ arrays of ${sizeText(4 * n)}`, {
      fill: COLOURS[Math.min(index, COLOURS.length - 1)],
    }),
  );
  const copy = text(left + width - 200, top - 12, "| a copy of as many bytes", { fill: "#c44e00" });
  return [...sizes, copy];
}
