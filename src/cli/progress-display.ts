/** Shows progress on stderr: one live line on a terminal, elsewhere a plain line every few seconds. */

import type { Progress } from "../job/options.ts";
import { isUnicode } from "./live-line.ts";
import type { Output } from "./output.ts";
import { ASCII, progressLine, progressNote, UNICODE } from "./progress.ts";

const REDRAW_MS = 100;
const NOTE_MS = 5000;

export class ProgressDisplay {
  readonly #output: Output;
  readonly #nowMs: () => number;
  #lastMs: number;

  constructor(output: Output, nowMs: () => number = () => performance.now()) {
    this.#output = output;
    this.#nowMs = nowMs;
    // The live line appears at once, the first note after its interval: a short run needs none.
    this.#lastMs = output.isLive ? -Infinity : nowMs();
  }

  show(progress: Progress): void {
    const now = this.#nowMs();
    const live = this.#output.isLive;
    if (now - this.#lastMs < (live ? REDRAW_MS : NOTE_MS)) return;
    this.#lastMs = now;
    const glyphs = isUnicode(this.#output.environment) ? UNICODE : ASCII;
    if (live) this.#output.live(progressLine(progress, this.#output.stderr.columns ?? 0, glyphs));
    else this.#output.say(progressNote(progress));
  }

  end(): void {
    this.#output.live("");
  }
}
