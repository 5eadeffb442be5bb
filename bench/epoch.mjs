// Seconds of an epoch of MNIST, one rank of ours against one thread of PyTorch, training alone, in turns.
//
//   node bench/epoch.mjs                    784-128-10, batch 32, sigmoid
//   node bench/epoch.mjs --shapes all       the larger ones too
//   node bench/epoch.mjs --shapes 784-512-512-10 --rounds 3
import { parseArgs } from "node:util";
import { findPython, runTorch, train } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";

const SAMPLES = 60_000;
const LEARNING_RATE = "0.1";

/** Of the best of `epochs` epochs; where one would take too long, of its first `maxSteps` steps. */
const SHAPES = {
  "784-128-10": { batch: 32, activation: "sigmoid", epochs: 2 },
  "784-128-128-10": { batch: 32, activation: "sigmoid", epochs: 2 },
  "784-512-512-10": { batch: 128, activation: "relu", epochs: 1 },
  "784-2048-2048-10": { batch: 256, activation: "relu", epochs: 1, maxSteps: 40 },
};

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: "784-128-10" },
    rounds: { type: "string", default: "5" },
  },
});
const names = values.shapes === "all" ? Object.keys(SHAPES) : values.shapes.split(",");
const rounds = Number(values.rounds);
const unknown = names.find((name) => !Object.hasOwn(SHAPES, name));
if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(SHAPES).join(", ")}, all`);

/** The words that both sides understand. */
function commonFlags({ batch, activation, epochs, maxSteps }) {
  const flags = { batch, activation, epochs, lr: LEARNING_RATE, ...(maxSteps && { "max-steps": maxSteps }) };
  return Object.entries(flags).flatMap(([key, value]) => [`--${key}`, String(value)]);
}

/** Seconds that 60,000 samples take at the speed of the best epoch. */
async function ours(name) {
  const hidden = name.split("-").slice(1, -1).join(",");
  const { batch, maxSteps = Math.ceil(SAMPLES / batch) } = SHAPES[name];
  const { epochs } = await train(["--ranks", "1", "--hidden", hidden, ...commonFlags(SHAPES[name])]);
  const seconds = Math.min(...epochs.map((epoch) => epoch.seconds));
  return (seconds * SAMPLES) / Math.min(SAMPLES, maxSteps * batch);
}

function theirs(python, name) {
  const words = ["--layers", name.replaceAll("-", ","), ...commonFlags(SHAPES[name])];
  const { seconds, samples, torch } = runTorch(python, words);
  return { seconds: (seconds * SAMPLES) / samples, torch };
}

async function compare(python, name) {
  process.stderr.write(`${name}\n`);
  const [lockstep, pytorch] = await takeTurns(rounds, [() => ours(name), () => theirs(python, name).seconds]);
  const { batch, activation, maxSteps } = SHAPES[name];
  const ratios = pytorch.map((seconds, round) => seconds / lockstep[round]);
  return [
    `${name}, batch ${batch}, ${activation}${maxSteps ? ` (from ${maxSteps} steps)` : ""}`,
    `${median(lockstep).toFixed(3)} (${spread(lockstep, 3)})`,
    `${median(pytorch).toFixed(3)} (${spread(pytorch, 3)})`,
    `**${(median(pytorch) / median(lockstep)).toFixed(2)}** (${spread(ratios)})`,
  ];
}

const python = findPython();
const { torch } = runTorch(python, ["--max-steps", "1", "--epochs", "1"]);
const machine = describeMachine([`PyTorch ${torch}`]);
const rows = [];
for (const name of names) rows.push(await compare(python, name));
const columns = ["seconds an epoch", "Lockstep, 1 rank", "PyTorch, 1 thread", "times as fast"];
console.log(`${machine}\n\n${table(columns, rows)}`);
