/** Finds what JSON.parse hides: a key that occurs twice in one object (the last one wins silently), and deep nesting. */

/**
 * Looks through JSON text for a repeated key, or for nesting beyond `deepest`; returns what is wrong, or null. It checks
 * nothing else: text that is not JSON may pass, and is JSON.parse's to refuse.
 */
export function duplicateKey(text: string, deepest: number): string | null {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") {
      if (open.length === deepest) return `its header is nested deeper than ${deepest}`;
      open.push(new Set());
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = stringEnd(text, i);
      if (open.length > 0 && text[spaceEnd(text, end)] === ":") {
        const key = decode(text.slice(i, end));
        const keys = open[open.length - 1];
        if (keys.has(key)) return `its header has the key ${JSON.stringify(key).slice(0, 80)} twice`;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return null;
}

/** The index after the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

/** The index of the first character from `start` on that is no JSON white space. */
function spaceEnd(text: string, start: number): number {
  let i = start;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\t" || text[i] === "\r") i++;
  return i;
}

/** Two spellings of one key ("a" and "\u0061") must meet. */
function decode(quoted: string): string {
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted;
  }
}
