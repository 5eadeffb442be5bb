/** `lockstep bench allreduce`: sums over all ranks by every algorithm and transport, and by the installed MPI. */

import { EnvironmentError, InputError } from "../base/errors.ts";
import type { AllreduceCase, AllreduceRow } from "../bench/allreduce-case.ts";
import {
  type AllreduceWords,
  besideMpi,
  planAllreduces,
  securityOf,
  summerOf,
} from "../bench/allreduce-plan.ts";
import { checkAllreduceMemory } from "../bench/memory-check.ts";
import { loadMpi, type Mpi, mpiWorld } from "../bench/mpi.ts";
import { benchMpi } from "../bench/mpi-allreduce.ts";
import { benchProcesses, type LinkSettings } from "../bench/process-bench.ts";
import { benchThreads } from "../bench/thread-allreduce.ts";
import { compileKernels } from "../kernels/load.ts";
import { AllreduceTables } from "./allreduce-table.ts";
import type { Context } from "./context.ts";
import { type Given, refuseSwallowedFlags } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";

/** Measuring time of a row. */
const BUDGET_MS = 300;

/** Returns the exit code. Throws what is wrong with the input before anything is measured. */
export async function benchAllreduceCommand(given: Given, context: Context): Promise<number> {
  const { output, argv } = context;
  refuseSwallowedFlags(given, argv);
  Object.assign(output, { json: given.json === true, quiet: given.quiet === true });
  const words = given as AllreduceWords;
  const links = { security: securityOf(words.security), sums: summerOf(words.sums) };
  const world = mpiWorld(output.environment);
  const cases = planAllreduces(words, world?.size ?? null);
  const own = cases.filter(({ transport }) => transport !== "mpi");
  const theirs = own.length < cases.length ? cases : given.mpi ? besideMpi(cases, world?.size ?? 0) : [];
  if (world !== null && theirs.length === 0) throw underMpirun(world.size);
  if (own.length > 0) checkAllreduceMemory(own);
  const mpi = theirs.length > 0 ? await openMpi(output, world) : null;
  const forget = leaveOnInterrupt(output);
  try {
    if (mpi !== null && mpi.rank !== 0) {
      Object.assign(output, { json: false, quiet: true });
      mpi.rouse();
      benchMpi(mpi, theirs, BUDGET_MS, () => {});
    } else await lead(own, theirs, mpi, links, context);
    mpi?.finalize();
    return 0;
  } finally {
    output.live("");
    forget();
  }
}

/** What rank 0, or the only process, does. */
async function lead(
  own: readonly AllreduceCase[],
  theirs: readonly AllreduceCase[],
  mpi: Mpi | null,
  links: LinkSettings,
  { output, cores }: Context,
): Promise<void> {
  const tables = new AllreduceTables((line) => output.result(line), output.room);
  const tell = (row: AllreduceRow) => {
    tables.add(row);
    output.object(row);
  };
  if (own.length > 0) {
    const [{ ranks }] = own;
    if (ranks > cores) output.say(crowded(ranks, cores, mpi !== null));
    const compiled = compileKernels("auto");
    for (const warning of compiled.warnings) output.say(warning);
    if (own[0].transport === "memory") await benchThreads(compiled, own, BUDGET_MS, tell);
    else await benchProcesses(own, links, BUDGET_MS, tell);
  }
  if (mpi === null) return;
  mpi.rouse();
  benchMpi(mpi, theirs, BUDGET_MS, tell);
}

function crowded(ranks: number, cores: number, underMpi: boolean): string {
  const words = `${ranks} ranks share ${cores} ${cores === 1 ? "core" : "cores"}: they wait for each other`;
  return underMpi ? `${words} (mpirun --bind-to none gives all)` : words;
}

/** An MPI that is not installed is named and left out; one whose mpirun did not start this process is of no use. */
async function openMpi(output: Output, world: ReturnType<typeof mpiWorld>): Promise<Mpi | null> {
  if (world === null) {
    throw new InputError(
      "not-under-mpirun",
      "--mpi: mpirun did not start this process",
      "mpirun -n 2 --bind-to none npx lockstep bench allreduce --mpi",
    );
  }
  const found = await loadMpi(world.dialects);
  if ("missing" in found) {
    output.complain(`MPI is left out: ${found.missing}`);
    output.complain(`  ${output.styled("bold", "fix:")} ${found.fix}`);
    return null;
  }
  if (found.size === world.size) return found;
  throw new EnvironmentError(
    "other-mpi",
    `mpirun started ${world.size} ranks, and ${found.version} knows of ${found.size}: they are of different MPIs`,
    `start with the mpirun of ${found.version}`,
  );
}

function underMpirun(ranks: number): InputError {
  return new InputError(
    "under-mpirun",
    `mpirun started this command ${ranks} times, and it measures ranks that it starts itself`,
    "add --mpi, which measures MPI beside them; or leave mpirun out",
  );
}
