/** Writes SVG as text: elements with attributes, and scales from values to pixels. */

export type Attributes = Readonly<Record<string, string | number>>;

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeText = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]);

/** Pixels need no more than a tenth. */
const attributeText = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 10) / 10) : escapeText(value);

/** An element of text, or of other elements (which are SVG already). */
export function element(
  name: string,
  attributes: Attributes,
  content: string | readonly string[] = [],
): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeText(value)}"`);
  const inner = typeof content === "string" ? escapeText(content) : content.join("\n");
  return inner === "" ? `<${name}${words.join("")}/>` : `<${name}${words.join("")}>${inner}</${name}>`;
}

export const text = (x: number, y: number, words: string, attributes: Attributes = {}): string =>
  element("text", { x, y, ...attributes }, words);

export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
  element("line", { x1, y1, x2, y2, ...attributes });

/** A document of this size, on white, in the reader's own sans-serif. */
export function document(width: number, height: number, content: readonly string[]): string {
  const attributes = {
    ...{ xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    ...{ "font-family": "system-ui, Helvetica, Arial, sans-serif", "font-size": 12, fill: "#222" },
  };
  const paper = element("rect", { width, height, fill: "#fff" });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("svg", attributes, [paper, ...content])}\n`;
}

export type Scale = (value: number) => number;

/** Values from `low` to `high` on pixels from `from` to `to`, by their logarithms. */
export function logarithmic(low: number, high: number, from: number, to: number): Scale {
  const [start, length] = [Math.log(low), Math.log(high) - Math.log(low)];
  return (value) => from + ((Math.log(value) - start) / length) * (to - from);
}

/** Round numbers for the marks of a logarithmic scale: 1, 2, 5, 10, … within [low, high]. */
export function roundNumbers(low: number, high: number): number[] {
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
    for (const digit of [1, 2, 5]) numbers.push(digit * 10 ** power);
  return numbers.filter((number) => number >= low && number <= high);
}
