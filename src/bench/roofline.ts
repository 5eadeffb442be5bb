/**
 * The matrix products under the roofs of this machine: what multiply-adds and copies allow at an intensity of flops for a byte
 * (Williams, Waterman and Patterson, "Roofline", CACM 2009).
 */
import { groupRows, type ProductRow } from "./kernel-row.ts";
import type { Variant } from "./shapes.ts";
import { median } from "./statistics.ts";
import { element, line, logarithmic, roundNumbers, type Scale, text } from "./svg.ts";

/** What a copy that touches so many bytes reads and writes a second, measured beside the kernels. */
export interface CopyRoof {
  readonly bytes: number;
  readonly gbs: number;
}

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const COLOURS: Readonly<Record<Variant, string>> = { NN: "#0b62a4", NT: "#c44e00", TN: "#2b8a3e" };
const GREY = "#777";
const LABEL_HEIGHT = 14;
const LABEL_ROWS = 4;

/** Flops for each byte of A, B and C, as if each were moved once. */
export function intensity({ m, n, k }: ProductRow): number {
  return (2 * m * n * k) / (4 * (m * k + k * n + m * n));
}

/** The elements of the chart within `frame`; empty products (no flops, no place on a logarithmic scale) are left out. */
export function drawRoofline(
  rows: readonly ProductRow[],
  copies: readonly CopyRoof[],
  frame: Frame,
): string[] {
  const points = rows.filter(({ gflops }) => gflops > 0);
  if (points.length === 0) return [];
  const { left, top, width, height } = frame;
  const peak = median(points.map(({ peakGflops }) => peakGflops));
  const ridges = copies.map(({ gbs }) => peak / gbs);
  const xs = [...points.map(intensity), ...ridges];
  const [low, high] = [Math.min(...xs) / 4, Math.max(...xs) * 2];
  const least = Math.min(...points.map(({ gflops }) => gflops)) / 4;
  const x = logarithmic(low, high, left, left + width);
  const y = logarithmic(least, peak * 1.6, top + height, top);
  return [
    ...axes(x, y, [low, high], [least, peak * 1.6], frame),
    ...roofs(x, y, peak, copies, [low, high], least),
    ...labels(points, x, y, frame),
    ...points.map((row) => mark(row, x(intensity(row)), y(row.gflops))),
    ...legend(frame),
  ];
}

function axes(x: Scale, y: Scale, xs: [number, number], ys: [number, number], frame: Frame): string[] {
  const { left, top, width, height } = frame;
  const bottom = top + height;
  const grid = { stroke: "#e4e4e4" };
  const number = { fill: GREY, "font-size": 11 };
  return [
    ...roundNumbers(...xs).flatMap((value) => [
      line(x(value), top, x(value), bottom, grid),
      text(x(value), bottom + 16, String(value), { ...number, "text-anchor": "middle" }),
    ]),
    ...roundNumbers(...ys).flatMap((value) => [
      line(left, y(value), left + width, y(value), grid),
      text(left - 8, y(value) + 4, String(value), { ...number, "text-anchor": "end" }),
    ]),
    text(left + width / 2, bottom + 36, "flops for a byte of A, B and C", { "text-anchor": "middle" }),
    text(left - 48, top - 14, "GFLOP/s"),
  ];
}

function roofs(
  x: Scale,
  y: Scale,
  peak: number,
  copies: readonly CopyRoof[],
  [low, high]: [number, number],
  least: number,
): string[] {
  const stroke = { stroke: "#222", "stroke-width": 1.6 };
  const ridge = Math.min(...copies.map(({ gbs }) => peak / gbs));
  const flat = [
    line(x(copies.length > 0 ? ridge : low), y(peak), x(high), y(peak), stroke),
    text(x(high), y(peak) - 8, `multiply-adds ${peak.toFixed(0)} GFLOP/s`, { "text-anchor": "end" }),
  ];
  const slopes = copies.flatMap(({ bytes, gbs }) => {
    const from = Math.max(low, least / gbs);
    const [x1, y1, x2, y2] = [x(from), y(from * gbs), x(peak / gbs), y(peak)];
    const turned = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
    const [middleX, middleY] = [(x1 + x2) / 2, (y1 + y2) / 2];
    const rotated = {
      "text-anchor": "middle",
      transform: `rotate(${turned.toFixed(1)} ${middleX.toFixed(1)} ${middleY.toFixed(1)})`,
    };
    return [
      line(x1, y1, x2, y2, stroke),
      text(middleX, middleY - 6, `copy ${gbs.toFixed(0)} GB/s, ${sizeText(bytes)}`, rotated),
    ];
  });
  return [...flat, ...slopes];
}

/** "128 KB", "32 MB" */
export function sizeText(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.round(bytes / 2 ** 10)} KB` : `${Math.round(bytes / 2 ** 20)} MB`;
}

function mark({ kernel, variant, m, n, k, gflops, peer }: ProductRow, x: number, y: number): string {
  const against = peer ? `, ${peer.ratio.toFixed(2)} × ${peer.name}` : "";
  const title = element(
    "title",
    {},
    `${kernel === "gemm" ? variant : kernel} ${m}×${n}×${k}: ${gflops.toFixed(1)} GFLOP/s${against}`,
  );
  const style = { fill: COLOURS[variant], "fill-opacity": 0.75, stroke: "#fff" };
  if (variant === "NN") return element("circle", { cx: x, cy: y, r: 5, ...style }, [title]);
  if (variant === "NT")
    return element("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, ...style }, [title]);
  return element("path", { d: `M${x - 5.5} ${y + 4.5}h11l-5.5 -10z`, ...style }, [title]);
}

/** One label for the variants of a shape, below its points, in the first row in which it touches no other. */
function labels(points: readonly ProductRow[], x: Scale, y: Scale, { top, height }: Frame): string[] {
  const shapes = groupRows(points, ({ m, n, k }) => (m === n && n === k ? `${m}³` : `${m}×${n}×${k}`));
  const places = [...shapes]
    .map(([label, rows]) => ({
      label,
      at: x(intensity(rows[0])),
      lowest: Math.max(...rows.map(({ gflops }) => y(gflops))),
    }))
    .sort((a, b) => a.at - b.at);
  const ends: number[] = Array(LABEL_ROWS).fill(Number.NEGATIVE_INFINITY);
  return places.flatMap(({ label, at, lowest }) => {
    const half = label.length * 3.4 + 4;
    const free = ends.findIndex((end) => end <= at - half);
    const row = free < 0 ? ends.indexOf(Math.min(...ends)) : free;
    ends[row] = at + half;
    const base = top + height - 8 - LABEL_HEIGHT * (LABEL_ROWS - 1 - row);
    const above = Math.max(lowest + 8, base - LABEL_HEIGHT + 3);
    return [
      line(at, lowest + 6, at, above, { stroke: "#bbb", "stroke-dasharray": "2 2" }),
      text(at, base, label, { "text-anchor": "middle", "font-size": 11 }),
    ];
  });
}

function legend({ left, top, width }: Frame): string[] {
  const words: readonly [Variant, string][] = [
    ["NN", "A·B"],
    ["NT", "A·Bᵀ"],
    ["TN", "Aᵀ·B"],
  ];
  return words.map(([variant, meaning], index) =>
    text(left + width - 250 + 85 * index, top - 14, `${SIGNS[variant]} ${variant} ${meaning}`, {
      fill: COLOURS[variant],
    }),
  );
}

const SIGNS: Readonly<Record<Variant, string>> = { NN: "●", NT: "■", TN: "▲" };
