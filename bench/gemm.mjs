// GFLOP/s of our matrix products beside OpenBLAS's, one thread each, in turns.
//
//   node bench/gemm.mjs                     squares and the shapes of two MLPs
//   node bench/gemm.mjs --shapes mlp --rounds 3
import { parseArgs } from "node:util";
import { compileSgemm, runScript, runSgemm, withFolder } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, table, takeTurns } from "./measure.mjs";

const VARIANTS = ["NN", "NT", "TN"];
/** m, n, k: rows and columns of C, length of the sums. */
const SETS = {
  square: [64, 128, 256, 512, 1024].flatMap((n) => VARIANTS.map((variant) => `${variant},${n},${n},${n}`)),
  mlp: [
    ...["NN,32,128,784", "NN,32,10,128", "NT,32,128,10", "TN,128,10,32", "TN,784,128,32"], // 784-128-10, batch 32
    ...["NN,256,2048,784", "NN,256,2048,2048", "NT,256,2048,2048", "TN,2048,2048,256"], // 784-2048-2048-10, batch 256
  ],
};

const { values } = parseArgs({
  options: { shapes: { type: "string", default: "square,mlp" }, rounds: { type: "string", default: "5" } },
});
const shapes = values.shapes.split(",").flatMap((name) => {
  if (!Object.hasOwn(SETS, name)) throw new Error(`${name} is none of ${Object.keys(SETS).join(", ")}`);
  return SETS[name];
});

/** Medians over the rounds, one for each shape. */
const medians = (rounds) => shapes.map((_, index) => median(rounds.map((rows) => rows[index].gflops)));

await withFolder(async (folder) => {
  const program = compileSgemm(folder);
  const peak = program && runSgemm(program, ["peak"])[0];
  const machine = describeMachine([peak ? peak.library.trim() : "no OpenBLAS here"]);
  const contestants = [() => runScript("gemm-rows.mjs", shapes)];
  if (program) contestants.push(() => runSgemm(program, shapes));
  const [ours, theirs] = await takeTurns(Number(values.rounds), contestants);
  const [{ engine }] = ours[0];
  const [own, peers] = [medians(ours), theirs && medians(theirs)];
  const rows = shapes.map((shape, index) => {
    const [variant, ...sizes] = shape.split(",");
    const peer = peers ? [peers[index].toFixed(1), (own[index] / peers[index]).toFixed(2)] : ["", ""];
    return [`${variant} ${sizes.join(" × ")}`, own[index].toFixed(1), ...peer];
  });
  const peaks = peak
    ? `\nMultiply-adds of one thread, at most: ${peak.peak128} GFLOP/s on 128 bit, ${peak.peak256} on 256 bit.\n`
    : "";
  console.log(`${machine}\n${peaks}`);
  console.log(table(["GFLOP/s, m × n × k", `Lockstep (${engine})`, "OpenBLAS", "ratio"], rows));
});
