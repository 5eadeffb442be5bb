/** A process of its own for faults.test.ts: trains, says what came of it, and must then end by itself. */
import { LockstepError } from "../../src/base/errors.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

export type Outcome =
  | { readonly status: string; readonly steps: number; readonly hash: string | null; readonly epochs: number }
  | { readonly error: Record<string, unknown>; readonly kind: string; readonly stack: string };

async function outcome(ranks: number, collectiveTimeout: number, stages: number): Promise<Outcome> {
  try {
    // Three epochs of seven steps, the last of which is short.
    const layout = { dp: ranks / stages, tp: 1, pp: stages };
    const settings = { ranks, layout, microBatches: 4, collectiveTimeout, epochs: 3, batch: 32 };
    const result = await train({ model: mlp([16, 12, 9], "relu"), data: synthetic(203, 50), settings });
    const { status, steps, weightsSha256, epochs } = result;
    return { status, steps, hash: weightsSha256, epochs: epochs.length };
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    return { error: thrown.toJSON(), kind: thrown.name, stack: String(thrown.stack) };
  }
}

const [ranks, collectiveTimeout, stages] = process.argv.slice(2).map(Number);
process.stdout.write(JSON.stringify(await outcome(ranks, collectiveTimeout, stages)));
