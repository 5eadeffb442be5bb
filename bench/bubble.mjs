// How long the ranks of a pipeline wait, beside what its schedule's formula says, and beside the schedule on a virtual clock.
//
//   node bench/bubble.mjs                    eight layers of 1024 × 1024, small samples, batch 512, 8 micro-batches, two stages
//   node bench/bubble.mjs --schedules zero-bubble --rounds 9
//   node bench/bubble.mjs --hidden 1024,1024,1024,1024,1024,1024,1024 --batch 1024 --micro-batches 16
//
// All figures are from traces (`train --trace`). A step of a rank is
//
//     gather F F hold F X hold W pass … W ▒▒ sums of losses, updates ▒▒     ▒▒ barrier
//     ╰────────── the schedule ─────────╯╰──── the end of the step ───╯
//
// Waiting of the schedule is at gates, and at the first barrier, where the rank that has done its last action waits for the others'
// last ones. What comes after it, the barriers too, is the end of the step: no schedule's matter.
//
// Both predictions are made of the times that the actions of the same step took. Formula: with f, x and w, the means over all stages
// and micro-batches of a forward, an input gradient and a weight gradient. Clock: src/schedule/simulate.ts with each action's own
// time, so that stages may cost different things, sums of several micro-batches count where they are made, and of a backward the
// input gradient is handed on before the weight gradient is made, as ranks do. What is left beyond it is what gates cost: words
// that go from core to core, and ranks that have fallen asleep.
//
// Measured is the mean over the ranks. Where one is slower, by its stage or by its core, the others wait for it all through the step,
// which no formula for equal stages knows: the rank that works longest waits for the schedule alone, and stands beside the mean. So
// does, in a table of its own, what is waited for in the steps in which the ranks worked equally long: those that the formula is
// about. Half of what one rank works longer is added to the mean: of zero-bubble's wait, a twentieth of a step, 3 % are a third, and
// half a per cent a twentieth. On a machine with other work, or with cores that are not alike, such steps are few, and the table says
// how many.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { timelineOf } from "../build/src/profile/trace-timeline.js";
import { readTraces } from "../build/src/run/traces.js";
import { partsOf } from "../build/src/schedule/dependencies.js";
import { buildSchedule } from "../build/src/schedule/schedules.js";
import { simulate } from "../build/src/schedule/simulate.js";
import { idxBytes, writeFiles } from "../build/test/data/tiny-idx.js";
import { node, root, trainArguments, withFolder } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";
import { roundTripNs } from "./ping-pong.mjs";

const { values } = parseArgs({
  options: {
    // Stages that cost the same, forwards, input gradients and weight gradients apart: the first layer has no input gradient, and
    // both ends are not as wide, so they are next to nothing, and the eight layers between them are what counts. Samples are small
    // for that, too: to gather images of MNIST, which lie anywhere in memory, takes the first stage a hundredth of the step.
    hidden: { type: "string", default: "16,1024,1024,1024,1024,1024,1024,1024,1024,1024" },
    batch: { type: "string", default: "512" },
    "micro-batches": { type: "string", default: "8" },
    ranks: { type: "string", default: "2" },
    schedules: { type: "string", default: "gpipe,1f1b,interleaved,zero-bubble" },
    rounds: { type: "string", default: "5" },
  },
});
const ranks = Number(values.ranks);
const microBatches = Number(values["micro-batches"]);

/** Steps that are recorded: the first ones are of cold caches and code that is being compiled. */
const [FIRST, LAST] = [11, 40];

/** How much longer than another a rank may work in a step of equal stages, %. */
const EQUAL_PERCENTS = [3, 1, 0.5];

/** What a rank waits for, if all stages cost the same: ms. Sources are in the files of src/schedule. */
const FORMULAS = {
  gpipe: ({ f, x, w }) => (ranks - 1) * (f + x + w),
  "1f1b": ({ f, x, w }) => (ranks - 1) * (f + x + w),
  // f, x and w are those of a stage, of which a rank has two.
  interleaved: ({ f, x, w }) => (ranks - 1) * (f + x + w),
  "zero-bubble": ({ f, x, w }) => (ranks - 1) * (f + x - Math.min(f, x, w)),
};

/** Images of so many pixels across, so many of them, of so many classes. */
const [PIXELS, SAMPLES, CLASSES] = [4, 20_480, 10];

/** Writes a data set of which nothing can be learnt; returns its folder. */
function writeData(folder) {
  const path = join(folder, "data");
  mkdirSync(path);
  const images = idxBytes([SAMPLES, PIXELS, PIXELS]);
  const labels = idxBytes(
    [SAMPLES],
    Uint8Array.from({ length: SAMPLES }, (_, index) => index % CLASSES),
  );
  for (const name of ["train", "t10k"])
    writeFiles(path, { [`${name}-images-idx3-ubyte`]: images, [`${name}-labels-idx1-ubyte`]: labels });
  return path;
}

/** Trains with the schedule; returns the figures of each step that was recorded. */
function trace(name) {
  return withFolder((folder) => {
    const flags = {
      dataset: writeData(folder),
      ...{ hidden: values.hidden, batch: values.batch, lr: "0.01", "max-steps": LAST, layout: `pp=${ranks}` },
      ...{ ranks, "micro-batches": microBatches, schedule: name, "trace-steps": `${FIRST}:${LAST}` },
      "run-dir": join(folder, "run"),
    };
    const words = Object.entries(flags).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const argv = trainArguments([...words, "--trace", "--quiet"]);
    execFileSync(node, argv, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    const { ranks: timelines } = timelineOf(readTraces(join(folder, "run")).documents);
    const shape = { pipelineRanks: ranks, stagesPerRank: name === "interleaved" ? 2 : 1, microBatches };
    const schedule = inHalves(buildSchedule(name, shape));
    return timelines[0].steps.map((_, index) =>
      figuresOf(
        schedule,
        timelines.map((own) => stepOf(own, index)),
      ),
    );
  });
}

/** What ranks execute: of a backward, too, the input gradient is handed on before the weight gradient is made. */
const inHalves = (schedule) => ({
  ...schedule,
  actions: schedule.actions.map((list) => list.flatMap(partsOf)),
});

/** A step of a rank: its events before the first barrier and that barrier, and those after it. */
function stepOf({ steps, instructions }, index) {
  const { step } = steps[index].args;
  const own = instructions.filter(({ args }) => args.step === step);
  const first = own.findIndex(({ cat }) => cat === "barrier");
  return { schedule: own.slice(0, first + 1), end: own.slice(first + 1) };
}

const isWait = ({ cat }) => cat === "gate" || cat === "barrier";
const ms = (events) => events.reduce((sum, { dur }) => sum + dur / 1000, 0);
const mean = (all) => all.reduce((sum, value) => sum + value, 0) / all.length;
/** The part of the step that an event that is no wait belongs to. */
const PARTS = { data: "forward", forward: "forward", dX: "input-gradient", dW: "weight-gradient" };

/** Of one step: all in ms. `steps` are those of each rank. */
function figuresOf(schedule, steps) {
  const durations = new Map();
  for (const event of steps.flatMap((own) => own.schedule.filter((each) => !isWait(each)))) {
    const key = `${PARTS[event.cat]} ${event.args.stage} ${event.args["micro-batch"]}`;
    durations.set(key, (durations.get(key) ?? 0) + event.dur / 1000);
  }
  const actions = schedule.stages * microBatches;
  const meanOf = (part) =>
    [...durations].reduce((sum, [key, value]) => sum + (key.startsWith(part) ? value : 0), 0) / actions;
  const costs = { f: meanOf("forward"), x: meanOf("input-gradient"), w: meanOf("weight-gradient") };
  const durationOf = (...action) => durations.get(action.join(" ")) ?? 0;
  const works = steps.map((own) => ms(own.schedule.filter((each) => !isWait(each))));
  const { makespan, bubbles } = simulate(schedule, { durationOf, transferOf: () => 0 });
  return {
    ...costs,
    longerPercent: 100 * (Math.max(...works) / Math.min(...works) - 1),
    step: mean(steps.map((own) => ms([...own.schedule, ...own.end]))),
    formula: FORMULAS[schedule.name](costs),
    clock: makespan * mean(bubbles),
    measured: mean(steps.map((own) => ms(own.schedule.filter(isWait)))),
    ofRanks: steps.map((own) => ms(own.schedule.filter(isWait))),
    end: mean(steps.map((own) => ms(own.end))),
    endWaits: mean(steps.map((own) => ms(own.end.filter(isWait)))),
  };
}

const machine = describeMachine();
const before = await roundTripNs();
const names = values.schedules.split(",");
const results = await takeTurns(
  Number(values.rounds),
  names.map((name) => () => trace(name)),
);
const after = await roundTripNs();

/** By round: what `read` finds in its steps, the median. */
const medians = (rounds, read) => rounds.map((steps) => median(steps.map(read)));
const shown = (all, digits = 2) => `${median(all).toFixed(digits)} (${spread(all, digits)})`;
/** How much more than it should be, by round. */
function beyond(all, expected) {
  const ratios = all.map((value, round) => 100 * (value / expected[round] - 1));
  return `${median(ratios).toFixed(0)} % (${spread(ratios, 0)})`;
}

/** By round: what the rank waits that works longest in its steps. No slower rank makes it wait. */
const waitsOfBusiest = (rounds) =>
  rounds.map((steps) => {
    const waits = steps[0].ofRanks.map((_, rank) => median(steps.map(({ ofRanks }) => ofRanks[rank])));
    return Math.min(...waits);
  });

const waits = results.map((rounds, index) => {
  const [formula, clock, measured] = ["formula", "clock", "measured"].map((field) =>
    medians(rounds, (step) => step[field]),
  );
  const busiest = waitsOfBusiest(rounds);
  const share = median(medians(rounds, (step) => (100 * step.measured) / step.step)).toFixed(1);
  const cells = [
    ...[formula, clock, measured].map((all) => shown(all)),
    `${share} %`,
    ...[beyond(measured, formula), beyond(measured, clock)],
    ...[shown(busiest), beyond(busiest, formula)],
  ];
  return [`\`${names[index]}\``, ...cells];
});
const parts = results.map((rounds, index) => {
  const of = (field) => median(medians(rounds, (step) => step[field])).toFixed(2);
  const ofRanks = Array.from({ length: ranks }, (_, rank) =>
    median(medians(rounds, (step) => step.ofRanks[rank])).toFixed(2),
  );
  const cells = ["f", "x", "w", "step", "end", "endWaits"].map(of);
  return [`\`${names[index]}\``, ...cells, ofRanks.join(", ")];
});

/** Of the steps in which the ranks worked equally long, in all rounds together. */
function equalsOf(name, rounds, percent) {
  const all = rounds.flat();
  const steps = all.filter(({ longerPercent }) => longerPercent <= percent);
  const head = [`\`${name}\``, `${percent} %`, `${steps.length} of ${all.length}`];
  if (steps.length === 0) return [...head, "", "", "", "", ""];
  const middle = (read) => median(steps.map(read));
  const ratios = ["formula", "clock"].map((field) =>
    middle((step) => 100 * (step.measured / step[field] - 1)),
  );
  const cells = ["formula", "clock", "measured"].map((field) => middle((step) => step[field]).toFixed(2));
  return [...head, ...cells, ...ratios.map((ratio) => `${ratio.toFixed(0)} %`)];
}
const equals = results.flatMap((rounds, index) =>
  EQUAL_PERCENTS.map((percent) => equalsOf(names[index], rounds, percent)),
);

const apart = `Round trip between two cores: ${before.toFixed(0)} ns before, ${after.toFixed(0)} ns after.`;
const columns = [
  ...["ms a step", "by formula", "by clock", "measured", "of the step"],
  ...["beyond formula", "beyond clock", "busiest rank", "beyond formula"],
];
const columnsOfParts = ["ms", "f", "x", "w", "step", "its end", "of that waits", "waits by rank"];
const columnsOfEquals = [
  ...["ms a step, work equal", "give or take", "steps", "by formula", "by clock", "measured"],
  ...["beyond formula", "beyond clock"],
];
const tables = [table(columns, waits), table(columnsOfEquals, equals), table(columnsOfParts, parts)];
console.log(`${machine}\n${apart}\n\n${tables.join("\n\n")}`);
