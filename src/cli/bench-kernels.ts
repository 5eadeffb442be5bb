/** `lockstep bench kernels`: every kernel against the machine's peak, and the products against OpenBLAS. */
import { cpus } from "node:os";
import { MAXIMUM_RANKS } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { chartOf } from "../bench/chart.ts";
import { benchKernels, checkMemoryNeed, kernelCases } from "../bench/kernel-bench.ts";
import type { KernelRow } from "../bench/kernel-row.ts";
import { loadOpenBlas, type OpenBlas } from "../bench/openblas.ts";
import type { CopyRoof } from "../bench/roofline.ts";
import { parseShapes } from "../bench/shapes.ts";
import { compileKernels } from "../kernels/load.ts";
import { checkChartFile, writeChart } from "./chart-file.ts";
import type { Context } from "./context.ts";
import { type Given, refuseSwallowedFlags } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
import { KernelTables } from "./kernel-table.ts";
import type { Output } from "./output.ts";

const ROUNDS = 15;
const MOST_ROUNDS = 10_000;

/** Returns the exit code. Throws what is wrong with the input before anything is measured. */
export async function benchKernelsCommand(given: Given, { output, argv, cores }: Context): Promise<number> {
  refuseSwallowedFlags(given, argv);
  Object.assign(output, { json: given.json === true, quiet: given.quiet === true });
  const { svg, shapes, filter } = given as Readonly<Record<string, string | undefined>>;
  const threads = integer("threads", given.threads, 1, MAXIMUM_RANKS);
  const rounds = integer("rounds", given.rounds, ROUNDS, MOST_ROUNDS);
  const compiled = compileKernels("auto");
  const cases = kernelCases(compiled, shapes === undefined ? null : parseShapes(shapes), filter ?? null);
  checkMemoryNeed(cases, threads);
  if (svg !== undefined) checkChartFile(svg);
  for (const warning of compiled.warnings) output.say(warning);
  if (threads > cores) output.say(`${threads} threads share ${cores} cores: they wait for each other`);
  const rows: KernelRow[] = [];
  let copies: readonly CopyRoof[] = [];
  const forget = leaveOnInterrupt(output);
  try {
    const peer = given.peers && cases.some(({ shape }) => shape !== null) ? await findPeer(output) : null;
    const settings = { room: output.room, threads, peer: peer?.name ?? null, cases };
    const tables = new KernelTables((line) => output.result(line), settings);
    await benchKernels(
      { compiled, cases, threads, rounds, peer },
      {
        begins: ({ name }, index) => output.live(`${index + 1}/${cases.length}  ${name}`),
        ready: (roofs, peerCallUs) => {
          copies = roofs;
          if (peer !== null && peerCallUs !== null) introduce(peer, peerCallUs, output);
        },
        row: (row) => {
          rows.push(row);
          tables.add(row);
          output.object(row);
        },
      },
    );
  } finally {
    output.live("");
    forget();
  }
  if (svg !== undefined) writeChart(svg, chartOf(rows, copies, subtitle(compiled.engine, threads)));
  return 0;
}

function integer(flag: string, text: string | true | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(String(text)) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new InputError(
    "bad-value",
    `--${flag}: expected an integer from 1 to ${most}, found ${JSON.stringify(text)}`,
    `give a value such as --${flag} ${Math.max(2, otherwise)}`,
  );
}

/** A peer that is not installed is named and left out. */
async function findPeer(output: Output): Promise<OpenBlas | null> {
  const found = await loadOpenBlas();
  if ("sgemm" in found) return found;
  output.complain(`OpenBLAS is left out: ${found.missing}`);
  output.complain(`  ${output.styled("bold", "fix:")} ${found.fix}`);
  return null;
}

function introduce({ name, version, core }: OpenBlas, callUs: number, output: Output): void {
  output.say(`${name} ${version}, kernels for ${core}, has one thread and our operands;`);
  output.say(`an empty call of it takes ${(1000 * callUs).toFixed(0)} ns, which are in its figures`);
}

function subtitle(engine: string, threads: number): string {
  const [processor] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const many = threads === 1 ? "1 thread" : `${threads} threads at once`;
  return [processor?.model.trim(), `Node ${process.versions.node}`, engine, many, day]
    .filter(Boolean)
    .join(" · ");
}
