/** One call of the command line, from its words to its exit code. */
import { availableParallelism } from "node:os";
import { CommanderError } from "commander";
import { InputError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { nearestSetting } from "../base/nearest-setting.ts";
import { lockstepVersion } from "../run/environment.ts";
import { ALLREDUCE_FLAGS, KERNEL_FLAGS, STEP_FLAGS } from "./bench-flags.ts";
import { reportFailure } from "./failure.ts";
import { DOCTOR_FLAGS, EVAL_FLAGS, TRACE_FLAGS, TRAIN_FLAGS } from "./flags.ts";
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

/** "error: unknown option '--bacth'" → our form of the same. */
function usageError({ code, message }: CommanderError, argv: readonly string[]): InputError {
  const what = message.replace(/^error: /, "");
  const words = code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const command = [argv.slice(0, 2).join(" "), argv[0]].find((name) => Object.hasOwn(FLAGS, name ?? ""));
  const help = `\`lockstep ${command ? `${command} ` : ""}--help\` explains the words`;
  const [, option] = /^unknown option '--(.*)'$/.exec(what) ?? [];
  if (option !== undefined) return new InputError(words, what, optionFix(option, command) ?? help);
  const [, unknown] = /^unknown command '(.*)'$/.exec(what) ?? [];
  const near = unknown === undefined ? null : nearest(unknown, COMMAND_WORDS);
  return new InputError(words, what, near === null ? help : `did you mean ${near}?`);
}

/** Flags by command; a word that only begins commands has none. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  train: TRAIN_FLAGS.map(({ key }) => key),
  eval: EVAL_FLAGS.map(({ key }) => key),
  trace: TRACE_FLAGS.map(({ key }) => key),
  bench: [],
  "bench kernels": KERNEL_FLAGS.map(({ key }) => key),
  "bench step": STEP_FLAGS.map(({ key }) => key),
  doctor: DOCTOR_FLAGS.map(({ key }) => key),
  "bench allreduce": ALLREDUCE_FLAGS.map(({ key }) => key),
  data: [],
  "data list": ["json"],
};
const COMMAND_WORDS = [...Object.keys(FLAGS).filter((name) => !name.includes(" ")), "help"];

function optionFix(option: string, command: string | undefined): string | null {
  const below = Object.keys(FLAGS).filter((name) => command !== undefined && name.startsWith(`${command} `));
  const owner = [...below, "train"].find((name) => name !== command && FLAGS[name].includes(option));
  if (owner !== undefined) return `--${option} belongs to \`lockstep ${owner}\``;
  const near = nearestSetting(option, command === undefined ? [] : [...FLAGS[command], "help"]);
  return near === null ? null : `did you mean --${near}?`;
}
