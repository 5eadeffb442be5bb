/** Cuts what a process prints into lines: bytes in, text out, whatever the pieces. */
import { StringDecoder } from "node:string_decoder";

/** What goes on longer is cut: nobody reads it, and memory ends somewhere. */
const LONGEST_LINE = 16_384;

export class Lines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #tell: (line: string) => void;
  #rest = "";

  /** `tell` hears each line without its end; a carriage return ends one too. */
  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
  }

  /** The stream has ended; a last line needs no end. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#tell(this.#rest.replace(/\r$/, ""));
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#tellPieces(line);
    while (this.#rest.length > LONGEST_LINE) {
      this.#tell(this.#rest.slice(0, LONGEST_LINE));
      this.#rest = this.#rest.slice(LONGEST_LINE);
    }
  }

  #tellPieces(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += LONGEST_LINE)
      this.#tell(line.slice(at, at + LONGEST_LINE));
  }
}
