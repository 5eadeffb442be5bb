/** The commands and their help, as commander needs them told. */
import { Command } from "commander";
import { InputError } from "../base/errors.ts";
import { LATER_COMMAND_NAMES, laterCommand } from "../base/later.ts";
import { nearest } from "../base/nearest.ts";
import { addBenchAllreduce, addBenchKernels, addBenchStep } from "./bench-program.ts";
import { addSettings, emptyArgument, givenTo } from "./command-flags.ts";
import type { Context } from "./context.ts";
import { addDoctor } from "./doctor-program.ts";
import { EVAL_FLAGS, TRAIN_FLAGS } from "./flags.ts";
import { helpLayout } from "./help.ts";
import { addTrace } from "./trace-program.ts";

const TRAIN_EXAMPLES = `
Examples:
  lockstep train
  lockstep train --hidden 256,128 --lr 0.05
  lockstep train config.yaml --epochs 10
  lockstep train --resume runs/latest --epochs 20
  lockstep train --ranks 4 --ranks-per-process 2
  lockstep train --hosts node1:4,node2:4
  lockstep train --trace-steps 100:120
  lockstep train --hostfile hosts --ssh "ssh -p 2222"

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
  lockstep bench kernels
  lockstep help train

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.`;

/** Each command sets its exit code through `done`. Every error is thrown, none printed. */
export function makeProgram(context: Context, version: string, done: (exitCode: number) => void): Command {
  const program = new Command("lockstep")
    .description("Trains neural networks on all cores, with the same bits on any number of them.")
    .version(version)
    .addHelpText("after", EXAMPLES);
  const train = program.command("train").argument("[config.yaml]").description("train a network");
  addSettings(train, TRAIN_FLAGS).addHelpText("after", TRAIN_EXAMPLES);
  train.action(async (config: string | undefined) => {
    if (config === "") throw emptyArgument("config.yaml", "leave it out, or name a file");
    const { train: run } = await import("./train.ts");
    done(await run(config, givenTo(train, TRAIN_FLAGS), context));
  });
  const evaluate = program
    .command("eval")
    .argument("<run>", "run folder or checkpoint")
    .description("test a trained network");
  addSettings(evaluate, EVAL_FLAGS).addHelpText("after", EVAL_EXAMPLES);
  evaluate.action(async (target: string) => {
    if (target === "") throw emptyArgument("run", "name a run folder, such as runs/latest");
    const { evalCommand } = await import("./eval.ts");
    done(await evalCommand(target, givenTo(evaluate, EVAL_FLAGS), context));
  });
  const trace = addTrace(program, context, done);
  const bench = addGroup(program, "bench", "measure kernels, a training step, or allreduce");
  const benches = [addBenchKernels, addBenchStep, addBenchAllreduce].map((add) => add(bench, context, done));
  const doctor = addDoctor(program, context, done);
  const data = addGroup(program, "data", "data sets");
  const list = data
    .command("list")
    .description("list the data sets")
    .option("--json", "one JSON object a line on stdout");
  list.action(async () => {
    const { listData } = await import("./data.ts");
    context.output.json = list.opts().json === true;
    done(listData(context));
  });
  for (const name of LATER_COMMAND_NAMES) {
    const [group] = name.split(" ");
    addLater([bench, data].find((command) => command.name() === group) ?? program, name);
  }
  for (const command of [program, train, evaluate, trace, bench, ...benches, doctor, data, list])
    configure(command, context);
  return program;
}

/** A word that only begins commands: alone it is answered with help, as a mistake. */
function addGroup(program: Command, name: string, description: string): Command {
  const group = program.command(name).description(description).allowExcessArguments();
  return group.action(() => {
    if (group.args.length > 0) throw unknownCommand(group, group.args[0]);
    group.help({ error: true });
  });
}

function unknownCommand(group: Command, word: string): InputError {
  const known = group.commands
    .map((command) => command.name())
    .filter((name) => !LATER_COMMAND_NAMES.includes(`${group.name()} ${name}`));
  const near = nearest(word, known);
  const list = known.map((name) => `\`lockstep ${group.name()} ${name}\``).join(", ");
  const fix = near === null ? `known: ${list}` : `did you mean ${group.name()} ${near}?`;
  return new InputError("unknown-command", `unknown command '${group.name()} ${word}'`, fix);
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
