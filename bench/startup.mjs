// From the start of the process to the first step, and the memory that a run takes.
//
//   node bench/startup.mjs                  two ranks, seven runs
//
// Two moments are seen from outside: the first line on stderr (all ranks are ready, the data is in memory), and the line
// of the only epoch of `--max-steps 1`. The first step is done between the two: the second is later by one evaluation of
// the 10,000 test samples, so it is the figure that we hold against our limit.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startTraining, withFolder } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table } from "./measure.mjs";

/** How often the memory is looked at. */
const SAMPLE_MS = 25;

const { values } = parseArgs({
  options: { ranks: { type: "string", default: "2" }, rounds: { type: "string", default: "7" } },
});

/** Milliseconds from the spawn to the first byte on each of the child's streams, and to its end. */
function timeOneStep() {
  return withFolder(async (folder) => {
    const flags = ["--ranks", values.ranks, "--max-steps", "1", "--json", "--run-dir", join(folder, "run")];
    const start = performance.now();
    const child = startTraining(flags);
    const since = () => performance.now() - start;
    const [readyMs, steppedMs, endedMs] = await Promise.all([
      once(child.stderr, "data").then(since),
      once(child.stdout, "data").then(since),
      once(child, "close").then(since),
    ]);
    if (child.exitCode !== 0) throw new Error(`training failed with exit code ${child.exitCode}`);
    return { readyMs, steppedMs, endedMs };
  });
}

/** The process and all that it started, still alive. */
function familyOf(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => familyOf(Number(child))))];
  } catch {
    return [];
  }
}

/** Proportional set size in MB (10⁶ bytes): memory that several processes share is counted once. */
function pssMB(pid) {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return (Number(kibibytes) * 1024) / 1e6;
  } catch {
    return 0; // it has ended
  }
}

/** The highest sum of PSS over a run's processes, in MB, during two epochs with their evaluations and checkpoints. */
function peakMemory() {
  return withFolder(async (folder) => {
    const child = startTraining(["--ranks", values.ranks, "--epochs", "2", "--run-dir", join(folder, "run")]);
    child.stdout.resume();
    child.stderr.resume();
    let peakMB = 0;
    const watch = setInterval(() => {
      const sumMB = familyOf(child.pid).reduce((sum, pid) => sum + pssMB(pid), 0);
      peakMB = Math.max(peakMB, sumMB);
    }, SAMPLE_MS);
    await once(child, "close");
    clearInterval(watch);
    return peakMB;
  });
}

const machine = describeMachine();
const runs = [];
await timeOneStep(); // warms the disk's cache
for (let round = 0; round < Number(values.rounds); round++) runs.push(await timeOneStep());
const memory = [];
for (let round = 0; round < 3; round++) memory.push(await peakMemory());
const row = (name, all, digits) => [name, `**${median(all).toFixed(digits)}**`, spread(all, digits)];
const times = (key) => runs.map((run) => run[key] / 1000);
const rows = [
  row("ranks ready, data in memory: s", times("readyMs"), 3),
  row("first step done, and one evaluation: s", times("steppedMs"), 3),
  row("`--max-steps 1` ended, checkpoint written: s", times("endedMs"), 3),
  row("peak of the sum of PSS: MB", memory, 0),
];
console.log(`${machine}\n\n${table([`from spawn, ${values.ranks} ranks`, "median", "least … most"], rows)}`);
