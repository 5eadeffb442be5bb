/** One line at the bottom of a terminal that is drawn again and again; everything else is written above it. */

export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const ERASE = "\r\x1b[2K";

/** A line can live only where it can be erased: on a terminal that knows its width and understands control sequences. */
export function canLive(stream: Stream, environment: Environment): boolean {
  return stream.isTTY === true && (stream.columns ?? 0) > 0 && environment.TERM !== "dumb";
}

/** Colours are for people who look on, unless they do not want them (no-color.org). */
export function hasColour(stream: Stream, environment: Environment): boolean {
  return stream.isTTY === true && environment.TERM !== "dumb" && (environment.NO_COLOR ?? "") === "";
}

/** True where the locale says that the terminal can show more than ASCII. */
export function isUnicode(environment: Environment): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || "";
  return /utf-?8/i.test(locale);
}

export class LiveLine {
  readonly #stream: Stream;
  #shown = "";

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Cut to the terminal's width: of a wrapped line only the last row could be erased. */
  draw(whole: string): void {
    const text = whole.slice(0, Math.max(1, (this.#stream.columns ?? Number.POSITIVE_INFINITY) - 1));
    if (text === this.#shown) return;
    this.#stream.write(`${this.#shown === "" ? "" : ERASE}${text}`);
    this.#shown = text;
  }

  /** Runs `write` with the line out of its way. */
  above(write: () => void): void {
    const shown = this.#shown;
    this.draw("");
    write();
    this.draw(shown);
  }
}
