/** What the design promises and this version does not do yet: recognised, and refused by name. */
import { InputError } from "./errors.ts";

/** Settings of later versions: what is missing, and what to use instead. */
const LATER_KEYS: Record<string, [missing: string, instead: string]> = {
  schedule: ["this version has no pipeline", "leave it out"],
};

/** Values of those settings that say what this version does: to ask for it changes nothing. */
const LATER_DEFAULTS: Record<string, readonly string[]> = {
  schedule: ["1f1b"],
};

const LATER_VALUES: Record<string, [is: (value: unknown) => boolean, missing: string, instead: string]> = {
  "micro-batches": [(value) => isAbove(value, 1), "this version has no pipeline", "use --micro-batches 1"],
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
  layout: [isLaterLayout, "this version is data parallel only", "use --layout dp=N,tp=1,pp=1, or --ranks N"],
  "on-nonfinite": [
    (value) => value === "skip",
    "this version stops at the first loss that is not finite",
    "use --on-nonfinite stop",
  ],
};

const LATER_COMMANDS: Record<string, string> = {
  plan: "--layout dp=N,tp=1,pp=1 is the only layout of this version",
  simulate: "`lockstep train --max-steps 100` measures the real thing",
  compare: "train two runs, and compare their status.json",
  report: "metrics.jsonl and status.json in the run folder have the figures",
  "data get": "`lockstep data list` shows what is here, and how to get the rest",
};

export const LATER_KEY_NAMES: readonly string[] = Object.keys(LATER_KEYS);
export const LATER_COMMAND_NAMES: readonly string[] = Object.keys(LATER_COMMANDS);

/** True for a setting of later versions with a value that means what this version does. */
export function isLaterDefault(key: string, value: unknown): boolean {
  return Object.hasOwn(LATER_DEFAULTS, key) && LATER_DEFAULTS[key].includes(String(value));
}

/** The complaint about a setting, called `name` where the user wrote it; null if this version has it. */
export function laterSetting(
  key: string,
  value: unknown,
  name: string,
): { message: string; fix: string } | null {
  if (Object.hasOwn(LATER_KEYS, key)) {
    const [missing, fix] = LATER_KEYS[key];
    return { message: `${name} is not supported yet: ${missing}`, fix };
  }
  if (!Object.hasOwn(LATER_VALUES, key)) return null;
  const [is, missing, fix] = LATER_VALUES[key];
  return is(value) ? { message: `${name} ${String(value)} is not supported yet: ${missing}`, fix } : null;
}

export function laterCommand(command: string): InputError {
  return new InputError("not-supported-yet", `${command} is not supported yet`, LATER_COMMANDS[command]);
}

function isAbove(value: unknown, limit: number): boolean {
  return Number.isSafeInteger(value) && (value as number) > limit;
}

/** Well-formed, but more than data parallelism. */
function isLaterLayout(value: unknown): boolean {
  if (value === "auto") return true;
  if (typeof value !== "string" || !/^((dp|tp|pp)=[1-9]\d{0,5}(,|$))+$/.test(value)) return false;
  return /(tp|pp)=(?!1(,|$))/.test(value);
}
