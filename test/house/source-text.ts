/** Reads TypeScript as text: blanks comments and strings, finds imports and functions. Relies on biome's formatting. */

/**
 * The text with comments blanked, and with `strings` the contents of strings, templates and regular expressions too.
 * Lines and columns stay where they were. Code inside ${…} counts as string.
 */
export function blank(text: string, strings: boolean): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|(?<=[(,=:[!&|?{};\n]\s*|return )\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//g;
  return text.replace(token, (found) => {
    if (/^\/[/*]/.test(found)) return found.replace(/[^\n]/g, " ");
    return strings ? found[0] + found.slice(1, -1).replace(/[^\n]/g, " ") + found.at(-1) : found;
  });
}

/** What the text imports or re-exports, as written: "./x.ts", "node:fs"; with `erased` also what is only `import type`. */
export function importsOf(text: string, erased: boolean): string[] {
  const statement =
    /\b(?:import|export)\b(?<type>\s+type\b)?[^;"'`()]*?\bfrom\s*["'](?<from>[^"']+)["']|\bimport\s*\(?\s*["'](?<bare>[^"']+)["']/g;
  const groups = Array.from(blank(text, false).matchAll(statement), (match) => match.groups ?? {});
  return groups.filter(({ type }) => erased || type === undefined).map(({ from, bare }) => from ?? bare);
}

export interface FunctionText {
  /** Its first line, trimmed. */
  readonly header: string;
  /** Counted from 1. */
  readonly line: number;
  readonly lines: number;
}

/** All functions and methods that have a block, also nested ones. A block ends at the first `}` of its own indent. */
export function functionsOf(text: string): FunctionText[] {
  const lines = blank(text, true).split("\n");
  const found: FunctionText[] = [];
  for (let open = 0; open < lines.length; open++) {
    if (!lines[open].endsWith("{")) continue;
    const indent = indentOf(lines[open]);
    let first = open;
    if (/^\s*\)/.test(lines[open]))
      do first--;
      while (indentOf(lines[first]) !== indent); // its parameters have lines of their own
    if (!isFunction(lines.slice(first, open + 1).join(" "))) continue;
    let close = open + 1;
    while (
      close < lines.length &&
      !(lines[close].trimStart().startsWith("}") && indentOf(lines[close]) === indent)
    )
      close++;
    found.push({ header: text.split("\n")[first].trim(), line: first + 1, lines: close - first + 1 });
  }
  return found;
}

function isFunction(header: string): boolean {
  if (/=>\s*\{$|\bfunction\b/.test(header)) return true;
  const method =
    /^\s*(?:(?:static|async|get|set|override)\s+)*[*#\w$]+(?:<.*>)?\(.*\)(?:\s*:\s*[^={]+)?\s*\{$/;
  return method.test(header) && !/^\s*(?:if|for|while|switch|catch|return|with)\b/.test(header);
}

/** Spaces before the first character; a blank line has none that any block could have. */
function indentOf(line: string): number {
  return line.trim() === "" ? -1 : line.length - line.trimStart().length;
}
