/** Long work of the main thread, with a turn of the event loop between its slices: beats go out, and messages come in. */
import type { Sliced } from "../base/slices.ts";

export async function inSlices<Result>(work: Sliced<Result>): Promise<Result> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
