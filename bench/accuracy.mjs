// Test accuracy on MNIST after five epochs of one recipe, ours and PyTorch's, over some seeds.
//
//   node bench/accuracy.mjs                 784-128-10, relu, batch 32, SGD at 0.1, seeds 1, 2, 3
import { parseArgs } from "node:util";
import { findPython, runTorch, train } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { spread, table } from "./measure.mjs";

const RECIPE = ["--batch", "32", "--activation", "relu", "--lr", "0.1", "--epochs", "5"];

const { values } = parseArgs({ options: { seeds: { type: "string", default: "3" } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);

async function ours(seed) {
  const { epochs } = await train(["--ranks", "1", "--hidden", "128", "--seed", String(seed), ...RECIPE]);
  return epochs.at(-1).testAccuracy;
}

const theirs = runTorch(findPython(), ["--layers", "784,128,10", "--seeds", values.seeds, ...RECIPE]);
const accuracies = [];
for (const seed of seeds) accuracies.push(await ours(seed));
const row = (name, all) => [name, ...all.map((one) => one.toFixed(4)), spread(all, 4)];
const columns = ["test accuracy", ...seeds.map((seed) => `seed ${seed}`), "least … most"];
const rows = [row("Lockstep", accuracies), row("PyTorch", theirs.accuracies)];
console.log(`${describeMachine([`PyTorch ${theirs.torch}`])}\n\n${table(columns, rows)}`);
