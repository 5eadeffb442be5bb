/** One call of the command line, from its words to its exit code. */
import { availableParallelism } from "node:os";
import { CommanderError } from "commander";
import { InputError } from "../base/errors.ts";
import { lockstepVersion } from "../run/environment.ts";
import { reportFailure } from "./failure.ts";
import type { Environment, Stream } from "./live-line.ts";
import { Output } from "./output.ts";
import { makeProgram } from "./program.ts";

/** Never throws: what goes wrong is said on `stderr` and in the exit code. */
export async function lockstep(
  argv: readonly string[],
  stdout: Stream,
  stderr: Stream,
  environment: Environment,
): Promise<number> {
  const output = new Output(stdout, stderr, environment);
  // Known before the flags are read, for the complaint about a wrong one.
  output.json = argv.includes("--json");
  let exitCode = 0;
  const context = { output, argv, cores: availableParallelism() };
  try {
    const program = makeProgram(context, lockstepVersion(), (code) => {
      exitCode = code;
    });
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return reportFailure(thrown, output);
    if (HELP.includes(thrown.code)) return thrown.exitCode === 0 ? 0 : 2;
    return reportFailure(usageError(thrown), output);
  }
}

/** Help or the version was asked for, or is the answer to no command at all; it is printed already. */
const HELP = ["commander.helpDisplayed", "commander.help", "commander.version"];

/** "error: unknown option '--bacth'\n(Did you mean --batch?)" → our form of the same. */
function usageError({ code, message }: CommanderError): InputError {
  const [what, guess] = message.replace(/^error: /, "").split("\n");
  const [, near] = /^\(Did you mean (.*)\?\)$/.exec(guess ?? "") ?? [];
  const words = code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new InputError(
    words,
    what,
    near === undefined
      ? "`lockstep --help` and `lockstep train --help` explain the words"
      : `did you mean ${near}?`,
  );
}
