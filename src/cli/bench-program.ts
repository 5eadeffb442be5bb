/** The commands below `lockstep bench`, as commander needs them told. */
import type { Command } from "commander";
import { ALLREDUCE_FLAGS, KERNEL_FLAGS, STEP_FLAGS } from "./bench-flags.ts";
import { addFlags, addSettings, emptyArgument, givenTo } from "./command-flags.ts";
import type { Context } from "./context.ts";

const KERNEL_EXAMPLES = `
Examples:
  lockstep bench kernels
  lockstep bench kernels --peers --shapes square
  lockstep bench kernels --shapes 32,128,784 --threads 2
  lockstep bench kernels --filter adam,sgd --json
  lockstep bench kernels --svg roofline.svg

Products: GFLOP/s, and the share of what
multiply-adds alone reach. Others: GB/s
read and written, and the share of what
a copy reaches. Half a minute in all.`;

const STEP_EXAMPLES = `
Examples:
  lockstep bench step
  lockstep bench step --hidden 512,512 --batch 256 --ranks 2
  lockstep bench step --optimizer adam --json

Settings are those of train, also in a
config.yaml. Times are medians; "step"
is one without a clock inside it.`;

const ALLREDUCE_EXAMPLES = `
Examples:
  lockstep bench allreduce
  lockstep bench allreduce --algorithm all --bytes 1048576
  lockstep bench allreduce --transport tcp --json
  lockstep bench allreduce --transport ipc --ranks 4 --ranks-per-process 2
  mpirun -n 2 --bind-to none lockstep bench allreduce --mpi

busbw: bytes of the buffer a second,
times 2 (n - 1) / n of n processes, or
threads of one. Each sum is checked
before and after it is timed.`;

type Done = (exitCode: number) => void;

export function addBenchKernels(bench: Command, context: Context, done: Done): Command {
  const command = bench.command("kernels").description("speed of every kernel against the machine's peak");
  addFlags(command, KERNEL_FLAGS).allowExcessArguments(false).addHelpText("after", KERNEL_EXAMPLES);
  return command.action(async () => {
    const { benchKernelsCommand } = await import("./bench-kernels.ts");
    done(await benchKernelsCommand(givenTo(command, KERNEL_FLAGS), context));
  });
}

export function addBenchStep(bench: Command, context: Context, done: Done): Command {
  const command = bench
    .command("step")
    .argument("[config.yaml]")
    .description("where the time of a step goes");
  addSettings(command, STEP_FLAGS).allowExcessArguments(false).addHelpText("after", STEP_EXAMPLES);
  return command.action(async (config: string | undefined) => {
    if (config === "") throw emptyArgument("config.yaml", "leave it out, or name a file");
    const { benchStepCommand } = await import("./bench-step.ts");
    done(await benchStepCommand(config, givenTo(command, STEP_FLAGS), context));
  });
}

export function addBenchAllreduce(bench: Command, context: Context, done: Done): Command {
  const command = bench.command("allreduce").description("sums over all ranks, by algorithm and transport");
  addFlags(command, ALLREDUCE_FLAGS).allowExcessArguments(false).addHelpText("after", ALLREDUCE_EXAMPLES);
  return command.action(async () => {
    const { benchAllreduceCommand } = await import("./bench-allreduce.ts");
    done(await benchAllreduceCommand(givenTo(command, ALLREDUCE_FLAGS), context));
  });
}
