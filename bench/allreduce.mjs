// Sums over two ranks, by size: threads of one process beside Open MPI over shared memory, and two processes
// over tcp beside Gloo.
//
//   node bench/allreduce.mjs                 both tables
//   node bench/allreduce.mjs tcp --rounds 3  some of them: memory, tcp, or more, which is tcp with Open MPI, sums by a rank, and ipc
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findPython, node, root } from "./child.mjs";
import { describeMachine } from "./machine.mjs";
import { median, spread, table, takeTurns } from "./measure.mjs";
import { roundTripNs } from "./ping-pong.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" } },
});
const tables = positionals.length > 0 ? positionals : ["memory", "tcp"];
const python = findPython();

const ENVIRONMENT = {
  ...{ OMP_NUM_THREADS: "1", OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
  ...process.env,
};

/** The rows that a command prints, a JSON object a line. */
function rows(command, ...words) {
  const options = { cwd: root, encoding: "utf8", env: ENVIRONMENT, maxBuffer: 2 ** 26 };
  const text = execFileSync(command, words, { ...options, stdio: ["ignore", "pipe", "ignore"] });
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const ours = (...flags) =>
  rows(node, join(root, "build/src/cli/main.js"), "bench", "allreduce", "--json", ...flags);
const peer = (script) => join("bench/peers", script);
const mpi = (...flags) =>
  rows("mpirun", "-n", "2", "--bind-to", "none", ...flags, python, peer("allreduce_mpi.py"));
const gloo = () => rows(python, peer("allreduce_gloo.py"));

const tcp = (...flags) => ours("--transport", "tcp", ...flags);

/** What is measured in turns: the first against the second, the others beside them. */
const CONTESTS = {
  memory: { "Lockstep, shared": () => ours(), "Open MPI": () => mpi() },
  tcp: {
    Lockstep: () => tcp(),
    Gloo: () => gloo(),
    "point to point": () => tcp("--algorithm", "point-to-point"),
    "`--security off`": () => tcp("--security", "off"),
  },
  more: {
    Lockstep: () => tcp(),
    "Open MPI, tcp": () => mpi("--mca", "btl", "tcp,self"),
    "a rank sums": () => tcp("--sums", "rank"),
    ipc: () => ours("--transport", "ipc"),
  },
};

const time = (us) => (us < 1000 ? `${Number(us.toPrecision(3))} µs` : `${(us / 1000).toPrecision(3)} ms`);
const size = (bytes) => (bytes < 2 ** 20 ? `${bytes / 1024} KB` : `${bytes / 2 ** 20} MB`);

async function compare(name) {
  const contestants = Object.entries(CONTESTS[name]);
  const results = await takeTurns(
    Number(values.rounds),
    contestants.map(([, measure]) => measure),
  );
  const lines = results[0][0].map(({ bytes, algorithm }, index) => {
    const each = (field) => results.map((rounds) => rounds.map((round) => round[index][field]));
    const [medians, means] = [each("us"), each("meanUs")];
    const ratios = ([own, other]) => own.map((us, round) => other[round] / us);
    const cell = (pair) => `**${median(ratios(pair)).toFixed(2)}** (${spread(ratios(pair))})`;
    return [
      size(bytes),
      algorithm,
      ...medians.slice(0, 2).map((us) => time(median(us))),
      cell(medians),
      ...means.slice(0, 2).map((us) => time(median(us))),
      cell(means),
      ...medians.slice(2).map((us) => time(median(us))),
    ];
  });
  const [[own], [other], ...rest] = contestants;
  const columns = ["", "", own, other, "times as fast", "mean", other, "times as fast"];
  return table([...columns, ...rest.map(([title]) => title)], lines);
}

const machine = describeMachine();
const before = await roundTripNs();
const printed = [];
for (const name of tables) printed.push(await compare(name));
const trips = `a word there and back between two cores: ${before.toFixed(0)} ns before, ${(await roundTripNs()).toFixed(0)} after`;
console.log([`${machine} ${trips}.`, ...printed].join("\n\n"));
