// What the recorder of `--trace` costs: the same steps with it and without it, in turns, each run a process of its own.
//
//   node bench/trace.mjs                            784-128-10, batch 32, one rank: 20 rounds of 900 steps
//   node bench/trace.mjs --ranks 2
//   node bench/trace.mjs --beside FOLDER            and without it in another build of Lockstep: its repository's folder
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { node, root, withFolder } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    ranks: { type: "string", default: "1" },
    rounds: { type: "string", default: "20" },
    beside: { type: "string" },
  },
});

/** Steps that are recorded, where they are; the same are timed where they are not. */
const [FIRST, LAST] = [101, 1000];

/** Runs in the process that is measured: prints the median of the steps, in µs. */
const script = `
  const [index, ranks, folder] = process.argv.slice(1);
  const durations = [];
  const run = ({ mlp, openDataset, train }) => train({
    model: mlp([128], "relu"),
    data: openDataset("mnist"),
    settings: { batch: 32, epochs: 1, maxSteps: ${LAST}, ranks: Number(ranks), lr: 0.1, seed: 1 },
    trace: folder === "" ? undefined : { folder, steps: { first: ${FIRST}, last: ${LAST} } },
    observer: { losses: (first, _, stepMs) => stepMs.forEach((ms, i) => { durations[first + i] = ms; }) },
  });
  import(index).then(run).then(() => {
    const sorted = durations.slice(${FIRST}, ${LAST} + 1).sort((a, b) => a - b);
    process.stdout.write(String(1000 * sorted[sorted.length >> 1]));
  });
`;

/** The median of the steps of a run, µs; recorded if `folder` is named. */
function stepUs(build, folder) {
  const index = join(build, "build/src/index.js");
  const argv = ["-e", script, index, values.ranks, folder];
  return Number(execFileSync(node, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
}

const contestants = [["off", () => stepUs(root, "")]];
contestants.push(["on", () => withFolder((folder) => stepUs(root, folder))]);
if (values.beside) contestants.push(["the other build", () => stepUs(values.beside, "")]);
const results = await takeTurns(
  Number(values.rounds),
  contestants.map(([, run]) => run),
);

console.log(describeMachine());
const percent = (ratio) => `${(100 * (ratio - 1)).toFixed(1)} %`;
const rows = results.map((own, index) => {
  const ratios = own.map((us, round) => us / results[0][round]);
  return [contestants[index][0], median(own).toFixed(1), spread(own, 1), percent(median(ratios))];
});
console.log(table(["recorder", "µs a step", "least … most", "more than off"], rows));
