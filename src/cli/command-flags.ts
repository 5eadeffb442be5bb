/** Flags as commander is told of them, and as it tells what was given. */
import { type Command, Option } from "commander";
import { InputError } from "../base/errors.ts";
import type { Flag, Given } from "./flags.ts";

/** What of a flag a command must know. */
type Words = Pick<Flag, "words" | "help" | "group"> & { readonly key: string };

export function addFlags(command: Command, flags: readonly Words[]): Command {
  for (const { words, help, group } of flags) command.addOption(new Option(words, help).helpGroup(group));
  return command;
}

/** Flags that are settings: those of later versions are known, too, and hidden. */
export function addSettings(command: Command, flags: readonly Words[]): Command {
  addFlags(command, flags);
  return command;
}

/**
 * What was given, under the flags' keys; defaults are not commander's business. `hidden` are keys without a
 * flag of their own.
 */
export function givenTo(command: Command, flags: readonly Words[]): Given {
  const given = flags.flatMap(({ key }): [string, string | true][] => {
    const name = command.options.find((option) => option.long === `--${key}`)?.attributeName() ?? key;
    if (command.getOptionValueSource(name) !== "cli") return [];
    const value: unknown = command.getOptionValue(name);
    return [[key, typeof value === "string" ? value : true]];
  });
  return Object.fromEntries(given);
}

/** As a shell makes it of a variable that is not set. */
export function emptyArgument(name: string, fix: string): InputError {
  return new InputError("empty-argument", `the argument <${name}> is empty`, fix);
}
