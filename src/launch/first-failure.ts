/** Of several failures, which was first: one process's end breaks links and stops others, who may be heard before it. */
import { LockstepError } from "../base/errors.ts";

/** Most to blame first: what a process did itself; that it went without a word; what others did to it. */
type Blame = 0 | 1 | 2;

interface Failure {
  readonly error: unknown;
  readonly blame: Blame;
}

/** How long to wait for somebody to blame more than those heard. */
const SETTLE_MS: Readonly<Record<Blame, number>> = { 0: 100, 1: 500, 2: 3000 };

export function blameOf(error: unknown): Blame {
  const code = error instanceof LockstepError ? error.code : "";
  if (/-late$/.test(code)) return 1; // Who waits tells of it, not who keeps others waiting.
  return code === "aborted" || code === "no-greeting" || /^(link|peer)-/.test(code) ? 2 : 0;
}

/** Collects failures, and tells the one to show once nobody more to blame is to be expected. */
export class FirstFailure {
  readonly #tell: (error: unknown) => void;
  #worst: Failure | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor(tell: (error: unknown) => void) {
    this.#tell = tell;
  }

  /** Of two that are equally to blame the earlier counts. */
  add(error: unknown, blame: Blame = blameOf(error)): void {
    if (this.#isTold || (this.#worst !== null && this.#worst.blame <= blame)) return;
    this.#worst = { error, blame };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.conclude(), SETTLE_MS[blame]);
  }

  /** Nobody is left to be heard. */
  conclude(): void {
    clearTimeout(this.#timer);
    if (this.#worst === null || this.#isTold) return;
    this.#isTold = true;
    this.#tell(this.#worst.error);
  }
}
