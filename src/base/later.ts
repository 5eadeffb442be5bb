/** What the design promises and this version does not do yet: recognised, and refused by name. */
import { InputError } from "./errors.ts";

/** Settings with values of later versions: what is missing, and what to use instead. */
const LATER_VALUES: Record<string, [is: (value: unknown) => boolean, missing: string, instead: string]> = {
  model: [
    (value) => value === "resnet20",
    "this version has no convolutions",
    "use --model mlp, or a model file",
  ],
  dataset: [
    (value) => value === "cifar10",
    "this version reads MNIST's format only",
    "use mnist, fashion-mnist or a folder of IDX files",
  ],
  layout: [
    (value) => value === "auto",
    "this version plans no layouts",
    "name one, such as --layout dp=2,tp=1,pp=2, or use --ranks N",
  ],
  "on-nonfinite": [
    (value) => value === "skip",
    "this version stops at the first loss that is not finite",
    "use --on-nonfinite stop",
  ],
};

const LATER_COMMANDS: Record<string, string> = {
  plan: "name a layout, such as `lockstep train --layout dp=2,tp=1,pp=2`; plan.json in the run folder says what came of it",
  simulate: "`lockstep train --max-steps 100` measures the real thing",
  compare: "train two runs, and compare their status.json",
  report: "metrics.jsonl and status.json in the run folder have the figures",
  "data get": "`lockstep data list` shows what is here, and how to get the rest",
};

export const LATER_COMMAND_NAMES: readonly string[] = Object.keys(LATER_COMMANDS);

/** The complaint about a setting, called `name` where the user wrote it; null if this version has it. */
export function laterSetting(
  key: string,
  value: unknown,
  name: string,
): { message: string; fix: string } | null {
  if (!Object.hasOwn(LATER_VALUES, key)) return null;
  const [is, missing, fix] = LATER_VALUES[key];
  return is(value) ? { message: `${name} ${String(value)} is not supported yet: ${missing}`, fix } : null;
}

export function laterCommand(command: string): InputError {
  return new InputError("not-supported-yet", `${command} is not supported yet`, LATER_COMMANDS[command]);
}
