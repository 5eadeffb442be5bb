/** Gets a rank's way to its kernels compiled before it has to be fast. */
import type { Kernels } from "../kernels/abi.ts";
import { barriersOnly, Executor } from "./execute.ts";
import { type Argument, type Program, STEP } from "./instruction.ts";

/** Steps after which V8 has compiled the way to the kernels well. */
const WARM_STEPS = 800;
const NOWHERE: Argument = { base: 0, stride: 0, times: STEP.none };

/** The program with all addresses (0 is no operand's) and sizes 0: its kernels do nothing. */
function idle(program: Program): Program {
  const instructions = program.instructions.map((instruction) => ({
    ...instruction,
    kind: instruction.kernel === null ? ("barrier" as const) : instruction.kind,
    arguments: instruction.arguments.map(() => NOWHERE),
  }));
  return { ...program, instructions };
}

/**
 * Executes idle copies of a rank's programs until V8 has compiled the way to the kernels well: it does so in threads of its
 * own, for which there is no core left once every rank is at work. All programs in turn, and two functions for `meet`, since
 * code compiled for the one target of a call is thrown away at the first other target.
 */
export function warmUp(programs: readonly Program[], kernels: Kernels): void {
  const meets = [() => {}, () => {}];
  const executors = programs.flatMap((program) =>
    meets.map((meet) => new Executor(idle(program), kernels, barriersOnly(meet))),
  );
  const step = new Int32Array(STEP.count);
  for (let done = 0; done < WARM_STEPS; done++) for (const executor of executors) executor.run(step);
}
