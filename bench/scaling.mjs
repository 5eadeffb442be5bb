// Samples a second of two ranks against one, same batch, in turns.
//
//   node bench/scaling.mjs                  784-128-10 at batch 64 and 784-512-512-10 at batch 256
//   node bench/scaling.mjs --ranks 4 --rounds 3
import { parseArgs } from "node:util";
import { train } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";
import { roundTripNs } from "./ping-pong.mjs";

const CASES = [
  { hidden: "128", batch: "64", epochs: "5" },
  { hidden: "128", batch: "64", epochs: "20" },
  { hidden: "512,512", batch: "256", epochs: "1" },
];

const { values } = parseArgs({
  options: { ranks: { type: "string", default: "2" }, rounds: { type: "string", default: "5" } },
});
const { ranks } = values;

async function samplesPerSecond({ hidden, batch, epochs }, count) {
  const flags = { ranks: count, hidden, batch, epochs };
  const summary = await train(Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]));
  return summary.samplesPerSecond;
}

const thousands = (all) => all.map((value) => value / 1000);

async function compare(settings) {
  const { hidden, batch, epochs } = settings;
  const name = `784-${hidden.replaceAll(",", "-")}-10, batch ${batch}, ${epochs} epoch${epochs === "1" ? "" : "s"}`;
  process.stderr.write(`${name}\n`);
  const contestants = ["1", ranks].map((count) => () => samplesPerSecond(settings, count));
  const [one, many] = (await takeTurns(Number(values.rounds), contestants)).map(thousands);
  const ratios = many.map((value, round) => value / one[round]);
  return [
    name,
    `${median(one).toFixed(1)} (${spread(one, 1)})`,
    `${median(many).toFixed(1)} (${spread(many, 1)})`,
    `**${(median(many) / median(one)).toFixed(2)}** (${spread(ratios)})`,
  ];
}

const machine = describeMachine();
const before = await roundTripNs();
const rows = [];
for (const settings of CASES) rows.push(await compare(settings));
const after = await roundTripNs();
const apart = `Round trip between two cores: ${before.toFixed(0)} ns before, ${after.toFixed(0)} ns after.`;
const columns = ["thousand samples a second", "1 rank", `${ranks} ranks`, "times as fast"];
console.log(`${machine}\n${apart}\n\n${table(columns, rows)}`);
