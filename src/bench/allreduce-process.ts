/** A process of an allreduce benchmark over links: hears what to measure, and tells what it came to. */
import { LockstepError } from "../base/errors.ts";
import { ALLREDUCE_NAMES } from "../collective/algorithms.ts";
import { rankAlgorithms } from "../collective/choose.ts";
import { type AllreduceCase, listsOfCase, segmentOf } from "./allreduce-case.ts";
import { checkInput, checkSum, fillInput } from "./exact-sums.ts";
import { measureCosts } from "./link-costs.ts";
import type { ProcessMessage, ProcessOrder } from "./process-order.ts";
import { SamplingPlan, sampleInTurns } from "./sampling-plan.ts";
import { Team } from "./team.ts";

/** What runs between frames is much code, and V8 compiles it on the cores that are measured. */
const WARM_UP_MS = 300;

async function work(order: ProcessOrder, tell: (message: ProcessMessage) => void): Promise<void> {
  const team = await Team.open(order);
  const choose = await chooser(team, order);
  for (const wanted of order.cases) {
    const one = await choose(wanted);
    const times = await measure(team, one, order);
    if (times !== null) tell({ type: "measured", one, times });
  }
  await team.close();
}

async function measure(team: Team, one: AllreduceCase, { self, processes, ranks, budgetMs }: ProcessOrder) {
  const count = one.bytes / 4;
  const call = team.allreduce(listsOfCase(one)[self], count);
  const [inputs, buffer] = [team.inputs(count), team.buffer(count)];
  const prove = async () => {
    for (const [at, input] of inputs.entries()) fillInput(input, ranks[at]);
    await call();
    const what = `${one.algorithm}, ${one.transport}, ${one.bytes} bytes, rank ${ranks[0]}`;
    if (one.algorithm !== "point-to-point") checkSum(buffer, one.ranks, what);
    else checkInput(team.scratch(count), (self + processes - 1) % processes, what);
  };
  await prove();
  for (const input of inputs) input.fill(0);
  const plan = self === 0 ? new SamplingPlan(budgetMs, WARM_UP_MS) : null;
  await sampleInTurns(call, (calls) => team.agree(calls), plan);
  await prove();
  return plan?.times ?? null;
}

/** Puts the algorithm that rank 0 finds the fastest in the place of "auto". */
async function chooser(
  team: Team,
  { cases, self, processes }: ProcessOrder,
): Promise<(one: AllreduceCase) => Promise<AllreduceCase>> {
  if (cases.every(({ algorithm }) => algorithm !== "auto")) return async (one) => one;
  const costs = await measureCosts(processes, cases[0].transport, self, (list) => team.ready(list));
  return async (one) => {
    if (one.algorithm !== "auto") return one;
    const count = one.bytes / 4;
    const [{ algorithm }] = rankAlgorithms(processes, count, segmentOf(one.transport, count), costs);
    return { ...one, algorithm: ALLREDUCE_NAMES[await team.agree(ALLREDUCE_NAMES.indexOf(algorithm))] };
  };
}

function failure(thrown: unknown): ProcessMessage {
  const { code, message, fix } =
    thrown instanceof LockstepError
      ? thrown
      : { code: "internal", message: String(thrown), fix: "please report it" };
  return { type: "failed", code, message, fix };
}

// Who started this is gone: nobody hears of it any more.
process.on("disconnect", () => process.exit(1));
process.once("message", (order: ProcessOrder) => {
  const tell = (message: ProcessMessage) => process.send?.(message);
  work(order, tell).then(
    () => process.exit(0),
    (thrown) => process.send?.(failure(thrown), () => process.exit(1)),
  );
});
