/** Time for who waits: what passed while it was stopped, or kept from running, it has not waited for anybody. */

/** Of a longer absence; a busy machine keeps nobody away for so long. */
const LONGEST_MS = 2000;

export class AwakeTime {
  #lookedMs: number;

  constructor(nowMs: number) {
    this.#lookedMs = nowMs;
  }

  /** Since the last look, ms; of an absence its first two seconds. */
  passedMs(nowMs: number): number {
    const passed = Math.min(nowMs - this.#lookedMs, LONGEST_MS);
    this.#lookedMs = nowMs;
    return passed;
  }
}
