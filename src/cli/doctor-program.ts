/** The command `lockstep doctor`, as commander needs it told. */
import type { Command } from "commander";
import { addFlags, givenTo } from "./command-flags.ts";
import type { Context } from "./context.ts";
import { DOCTOR_FLAGS } from "./flags.ts";

const EXAMPLES = `
Examples:
  lockstep doctor
  lockstep doctor --hostfile hosts
  lockstep doctor --hosts node1:4,node2:4 --json

Exit code 1: a host cannot take part.`;

export function addDoctor(program: Command, context: Context, done: (exitCode: number) => void): Command {
  const command = program.command("doctor").description("can these hosts train together?");
  addFlags(command, DOCTOR_FLAGS).allowExcessArguments(false).addHelpText("after", EXAMPLES);
  return command.action(async () => {
    const { doctorCommand } = await import("./doctor.ts");
    done(await doctorCommand(givenTo(command, DOCTOR_FLAGS), context));
  });
}
