/** The commands and their help, as commander needs them told. */
import { Command, Option } from "commander";
import { InputError } from "../base/errors.ts";
import { LATER_COMMAND_NAMES, LATER_KEY_NAMES, laterCommand } from "../base/later.ts";
import type { Context } from "./context.ts";
import { EVAL_FLAGS, type Flag, type Given, TRAIN_FLAGS } from "./flags.ts";
import { helpLayout } from "./help.ts";

const TRAIN_EXAMPLES = `
Examples:
  lockstep train
  lockstep train --hidden 256,128 --lr 0.05
  lockstep train config.yaml --epochs 10
  lockstep train --resume runs/latest --epochs 20

In config.yaml, a line for each word:
  hidden: [256, 128]
  max-steps: 1000
Flags win over the file, the file over the defaults.`;

const EVAL_EXAMPLES = `
Examples:
  lockstep eval runs/latest
  lockstep eval runs/latest --dataset fashion-mnist`;

const EXAMPLES = `
Examples:
  lockstep train
  lockstep eval runs/latest
  lockstep help train

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.`;

/** Each command sets its exit code through `done`. Every error is thrown, none printed. */
export function makeProgram(context: Context, version: string, done: (exitCode: number) => void): Command {
  const program = new Command("lockstep")
    .description("Trains neural networks on all cores, with the same bits on any number of them.")
    .version(version)
    .addHelpText("after", EXAMPLES);
  const train = program.command("train").argument("[config.yaml]").description("train a network");
  addFlags(train, TRAIN_FLAGS).addHelpText("after", TRAIN_EXAMPLES);
  train.action(async (config: string | undefined) => {
    if (config === "") throw emptyArgument("config.yaml", "leave it out, or name a file");
    const { train: run } = await import("./train.ts");
    done(await run(config, givenTo(train, TRAIN_FLAGS), context));
  });
  const evaluate = program
    .command("eval")
    .argument("<run>", "run folder or checkpoint")
    .description("test a trained network");
  addFlags(evaluate, EVAL_FLAGS).addHelpText("after", EVAL_EXAMPLES);
  evaluate.action(async (target: string) => {
    if (target === "") throw emptyArgument("run", "name a run folder, such as runs/latest");
    const { evalCommand } = await import("./eval.ts");
    done(await evalCommand(target, givenTo(evaluate, EVAL_FLAGS), context));
  });
  const data = program
    .command("data")
    .description("data sets")
    .allowExcessArguments()
    .action(() => {
      if (data.args.length > 0) throw unknownDataCommand(data.args[0]);
      data.help({ error: true });
    });
  const list = data
    .command("list")
    .description("list the data sets")
    .option("--json", "one JSON object a line on stdout");
  list.action(async () => {
    const { listData } = await import("./data.ts");
    context.output.json = list.opts().json === true;
    done(listData(context));
  });
  for (const name of LATER_COMMAND_NAMES) addLater(name.startsWith("data ") ? data : program, name);
  for (const command of [program, train, evaluate, data, list]) configure(command, context);
  return program;
}

function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const { words, help, group } of flags) command.addOption(new Option(words, help).helpGroup(group));
  for (const key of LATER_KEY_NAMES) command.addOption(new Option(`--${key} [value]`).hideHelp());
  return command;
}

/** What was given, under the settings' keys; defaults are not commander's business. */
function givenTo(command: Command, flags: readonly Flag[]): Given {
  const keys = [...flags.map(({ key }) => key), ...LATER_KEY_NAMES];
  const given = keys.flatMap((key): [string, string | true][] => {
    const name = command.options.find((option) => option.long === `--${key}`)?.attributeName() ?? key;
    if (command.getOptionValueSource(name) !== "cli") return [];
    const value: unknown = command.getOptionValue(name);
    return [[key, typeof value === "string" ? value : true]];
  });
  return Object.fromEntries(given);
}

/** As a shell makes it of a variable that is not set. */
function emptyArgument(name: string, fix: string): InputError {
  return new InputError("empty-argument", `the argument <${name}> is empty`, fix);
}

function unknownDataCommand(word: string): InputError {
  return new InputError("unknown-command", `unknown command 'data ${word}'`, "known: `lockstep data list`");
}

function addLater(parent: Command, name: string): void {
  const command = parent.command(name.split(" ").at(-1)!, { hidden: true });
  command.allowUnknownOption().allowExcessArguments().helpOption(false);
  command.action(() => {
    throw laterCommand(name);
  });
}

function configure(command: Command, { output }: Context): void {
  command
    .exitOverride()
    .showSuggestionAfterError(false) // Ours are made in lockstep.ts.
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: (text) => output.stdout.write(text),
      writeErr: (text) => output.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(output.stdout.columns),
      getErrHelpWidth: () => helpWidth(output.stderr.columns),
    });
}

/** As wide as the terminal is, but no wider than one reads. */
function helpWidth(columns: number | undefined): number {
  return Math.min(100, columns || 80);
}
