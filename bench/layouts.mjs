// Samples a second of two ranks that have stages or slices, in one process and in two, against one rank: same batch, in turns.
//
//   node bench/layouts.mjs                  eight layers of 1024 in two stages, two wide layers in two slices
//   node bench/layouts.mjs --rounds 3 --only stages
import { parseArgs } from "node:util";
import { train } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";
import { roundTripNs } from "./ping-pong.mjs";

const APART = ["--ranks-per-process", "1"];
const STAGES = ["--layout", "pp=2", "--micro-batches", "8"];
const SLICES = ["--layout", "tp=2"];
const schedules = ["1f1b", "interleaved", "zero-bubble"].map((name) => [...STAGES, "--schedule", name]);

/** Steps are as many as take some seconds: the first ones are of cold caches and code that is being compiled. */
const CASES = {
  stages: {
    job: { hidden: "1024,1024,1024,1024,1024,1024,1024", batch: "512", "max-steps": "36", lr: "0.01" },
    layouts: [...schedules, ...schedules.map((flags) => [...flags, ...APART])],
  },
  slices: {
    job: { hidden: "2048,2048", batch: "256", "max-steps": "60" },
    layouts: [SLICES, ...["exact", "fast"].map((numerics) => [...SLICES, ...APART, "--numerics", numerics])],
  },
};

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: Object.keys(CASES).join(",") },
  },
});

const names = values.only.split(",");
const unknown = names.find((name) => CASES[name] === undefined);
if (unknown !== undefined) throw new Error(`--only ${unknown}: expected ${Object.keys(CASES).join(" or ")}`);

async function compare({ job, layouts }) {
  const flags = Object.entries(job).flatMap(([key, value]) => [`--${key}`, value]);
  const ways = [["--ranks", "1"], ...layouts.map((layout) => ["--ranks", "2", ...layout])];
  const rate = async (way) => (await train([...flags, ...way])).samplesPerSecond / 1000;
  const rates = await takeTurns(
    Number(values.rounds),
    ways.map((way) => () => rate(way)),
  );
  const [one] = rates;
  const rows = rates.map((all, index) => {
    const ratios = all.map((value, round) => value / one[round]);
    const times = index === 0 ? "" : `**${(median(all) / median(one)).toFixed(2)}** (${spread(ratios)})`;
    return [`\`${ways[index].join(" ")}\``, `${median(all).toFixed(2)} (${spread(all)})`, times];
  });
  const title = `\`--hidden ${job.hidden} --batch ${job.batch} --max-steps ${job["max-steps"]}\``;
  return `${title}\n\n${table(["thousand samples a second", "", "times 1 rank"], rows)}`;
}

const machine = describeMachine();
const before = await roundTripNs();
const tables = [];
for (const name of names) tables.push(await compare(CASES[name]));
const after = await roundTripNs();
const apart = `Round trip between two cores: ${before.toFixed(0)} ns before, ${after.toFixed(0)} ns after.`;
console.log(`${machine}\n${apart}\n\n${tables.join("\n\n")}`);
