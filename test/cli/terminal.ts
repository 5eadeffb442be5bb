/** Streams for tests: a terminal that shows what a person would see, and one that only keeps what was written. */
import type { Stream } from "../../src/cli/live-line.ts";

export class Terminal implements Stream {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  written = "";

  constructor(columns?: number) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  /** The lines on the screen: \r goes to the start of the line, CSI 2K empties it; colours are not seen. */
  get screen(): string[] {
    const lines = [""];
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's sequences begin with one
    for (const [token] of this.written.matchAll(/\x1b\[\d*(?:;\d+)*[A-Za-z]|[\s\S]/g)) {
      const last = lines.length - 1;
      if (token === "\n") [column] = [0, lines.push("")];
      else if (token === "\r") column = 0;
      else if (token === "\x1b[2K") lines[last] = "";
      else if (!token.startsWith("\x1b")) {
        lines[last] = lines[last].slice(0, column).padEnd(column) + token + lines[last].slice(column + 1);
        column++;
      }
    }
    return lines;
  }
}
