/** One call of the command line, from its words to its exit code. */
import { availableParallelism } from "node:os";
import { CommanderError } from "commander";
import { InputError } from "../base/errors.ts";
import { nearestSetting } from "../base/nearest-setting.ts";
import { lockstepVersion } from "../run/environment.ts";
import { reportFailure } from "./failure.ts";
import { TRAIN_FLAGS } from "./flags.ts";
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
    return reportFailure(usageError(thrown, argv), output);
  }
}

/** Help or the version was asked for, or is the answer to no command at all; it is printed already. */
const HELP = ["commander.helpDisplayed", "commander.help", "commander.version"];

/** "error: unknown option '--bacth'\n(Did you mean --batch?)" → our form of the same. */
function usageError({ code, message }: CommanderError, argv: readonly string[]): InputError {
  const [what, guess] = message.replace(/^error: /, "").split("\n");
  const words = code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const [, near] = /^\(Did you mean (.*)\?\)$/.exec(guess ?? "") ?? [];
  const [, option] = /^unknown option '--(.*)'$/.exec(what) ?? [];
  const setting =
    option === undefined
      ? null
      : nearestSetting(
          option,
          TRAIN_FLAGS.map(({ key }) => key),
        );
  if (near !== undefined) return new InputError(words, what, `did you mean ${near}?`);
  if (setting !== null) return new InputError(words, what, `did you mean --${setting}?`);
  const command = ["train", "eval", "data"].find((name) => name === argv[0]);
  return new InputError(words, what, `\`lockstep ${command ? `${command} ` : ""}--help\` explains the words`);
}
