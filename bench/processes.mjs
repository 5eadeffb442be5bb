// Samples a second of two processes of one rank each, exact in the form that is chosen and in the fastest
// mode's ring, against one rank and against PyTorch's DistributedDataParallel over Gloo: same batch over both
// processes, in turns.
//
//   node bench/processes.mjs                three networks
//   node bench/processes.mjs --rounds 3
import { parseArgs } from "node:util";
import { findPython, runTorch, train } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";

const CASES = [
  { layers: "784,128,10", batch: 64, steps: 1500 },
  { layers: "784,512,512,10", batch: 256, steps: 200 },
  { layers: "784,2048,2048,10", batch: 512, steps: 24 },
];

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const python = findPython();

async function ours({ layers, batch, steps }, ...flags) {
  const hidden = layers.split(",").slice(1, -1).join(",");
  const job = ["--hidden", hidden, "--batch", String(batch), "--max-steps", String(steps)];
  return (await train([...job, ...flags])).samplesPerSecond / 1000;
}

function theirs({ layers, batch, steps }) {
  const words = ["--layers", layers, "--batch", String(batch), "--steps", String(Math.min(steps, 400))];
  return runTorch(python, words, "ddp_torch.py").samplesPerSecond / 1000;
}

const cell = (all, digits = 1) => `${median(all).toFixed(digits)} (${spread(all, digits)})`;

async function compare(job) {
  const name = `${job.layers.replaceAll(",", "-")}, batch ${job.batch}`;
  process.stderr.write(`${name}\n`);
  const two = (...flags) => ours(job, "--ranks", "2", "--ranks-per-process", "1", ...flags);
  const [one, exact, ring, ddp] = await takeTurns(Number(values.rounds), [
    () => ours(job, "--ranks", "1"),
    () => two(),
    () => two("--numerics", "fast", "--allreduce", "ring"),
    () => theirs(job),
  ]);
  const ratio = (all, others) => `**${(median(all) / median(others)).toFixed(2)}**`;
  const forms = [cell(exact), ratio(exact, one), ratio(exact, ddp)];
  return [name, cell(one), ...forms, cell(ring), ratio(ring, ddp), cell(ddp)];
}

const machine = describeMachine();
const rows = [];
for (const job of CASES) rows.push(await compare(job));
const columns = [
  "thousand samples a second",
  "1 rank",
  "2 processes, exact",
  "times 1 rank",
  "times DDP",
  "fast, ring",
  "times DDP",
  "DDP, Gloo",
];
console.log(`${machine}\n\n${table(columns, rows)}`);
