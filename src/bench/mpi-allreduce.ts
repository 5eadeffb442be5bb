/** The installed MPI's allreduce, measured as ours are: this process is one of its ranks. */
import { type AllreduceCase, type AllreduceRow, rowOfCase } from "./allreduce-case.ts";
import { checkSum, fillInput } from "./exact-sums.ts";
import type { Mpi } from "./mpi.ts";
import { SamplingPlan, sampleTogether } from "./sampling-plan.ts";

const GAP_BYTES = 1088;

/** To be called by all ranks with the same cases; rank 0 tells the rows. */
export function benchMpi(
  mpi: Mpi,
  cases: readonly AllreduceCase[],
  budgetMs: number,
  tell: (row: AllreduceRow) => void,
): void {
  const most = Math.max(...cases.map(({ bytes }) => bytes));
  const to = 64 * Math.ceil((most + GAP_BYTES) / 64);
  const memory = new ArrayBuffer(to + most + GAP_BYTES);
  for (const one of cases) {
    const call = mpi.allreduce(memory, 0, to, one.bytes);
    fillInput(new Float32Array(memory, 0, one.bytes / 4), mpi.rank);
    const prove = () => {
      const output = new Float32Array(memory, to, one.bytes / 4).fill(-1);
      call();
      checkSum(output, mpi.size, `${mpi.version}, ${one.bytes} bytes, rank ${mpi.rank}`);
    };
    prove();
    const plan = mpi.rank === 0 ? new SamplingPlan(budgetMs) : null;
    sampleTogether(call, (calls) => mpi.agree(calls), plan);
    prove();
    if (plan !== null) tell(rowOfCase(one, plan.times, mpi.version));
  }
}
