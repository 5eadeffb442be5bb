/** The command `lockstep trace`, as commander needs it told. */
import type { Command } from "commander";
import { addFlags, emptyArgument, givenTo } from "./command-flags.ts";
import type { Context } from "./context.ts";
import { TRACE_FLAGS } from "./flags.ts";

const EXAMPLES = `
Examples:
  lockstep train --trace
  lockstep trace runs/latest
  lockstep trace runs/latest --json

exposed: waiting for messages that are
on their way; overlapped: computing
meanwhile; bubble: waiting at barriers,
between stages, and for what others have
not made yet; idle: between steps. A
trace of all ranks is written beside
those of each.`;

export function addTrace(program: Command, context: Context, done: (exitCode: number) => void): Command {
  const command = program
    .command("trace")
    .argument("<run>", "run folder")
    .description("where the time of traced steps went");
  addFlags(command, TRACE_FLAGS).addHelpText("after", EXAMPLES);
  return command.action(async (target: string) => {
    if (target === "") throw emptyArgument("run", "name a run folder, such as runs/latest");
    const { traceCommand } = await import("./trace.ts");
    done(traceCommand(target, givenTo(command, TRACE_FLAGS), context));
  });
}
