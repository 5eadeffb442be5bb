/** A process of its own for trace.test.ts: trains, traced into the folder that it is given, and says what came of it. */
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

export interface TracedOutcome {
  readonly status: string;
  readonly weightsSha256: string | null;
  readonly warnings: readonly string[];
  readonly written: readonly string[];
}

const [folder] = process.argv.slice(2);
const warnings: string[] = [];
const written: string[] = [];
const { status, weightsSha256 } = await train({
  ...{ model: mlp([16], "relu"), data: synthetic(230, 50), trace: { folder } },
  settings: { batch: 30, epochs: 3, ranks: 2, seed: 5 },
  observer: { warning: (message) => warnings.push(message), trace: (path) => written.push(path) },
});
const outcome: TracedOutcome = { status, weightsSha256, warnings, written };
process.stdout.write(JSON.stringify(outcome));
