/** What an instruction is about, told from its addresses: a program knows no names. */
import type { Tensor } from "../graph/tensor.ts";
import type { Instruction, Program } from "../program/instruction.ts";
import { tensorBytes } from "../program/place.ts";
import type { ProcessLayout } from "./layout.ts";

interface Region {
  readonly name: string;
  readonly first: number;
  readonly end: number;
}

/**
 * A name or null for each instruction: of the parameter that it reads or writes, else of the data. A gradient
 * of a parameter is made in memory without a name; what makes it, or works on it, is called after the
 * parameter of the updates that take it up, if they are all of one.
 */
export function namesOf({ instructions }: Program, { addresses, step }: ProcessLayout): (string | null)[] {
  const region = (tensor: Tensor): Region[] => {
    const first = addresses.get(tensor.name);
    return first === undefined ? [] : [{ name: tensor.name, first, end: first + tensorBytes(tensor, 0) }];
  };
  const parameters = step.parameters.flatMap(region);
  const data = [...step.blocks.values()].filter(({ kind }) => kind === "block").flatMap(region);
  const parameterOf = (instruction: Instruction, handOvers: number): string | null => {
    const own = named(instruction, parameters);
    if (own !== null || handOvers === 0 || !OF_PARAMETERS.includes(instruction.kind)) return own;
    const takers = instructions.filter((later) => takesUp(later, instruction));
    const names = new Set(takers.map((later) => parameterOf(later, handOvers - 1)));
    names.delete(null);
    return names.size === 1 ? [...names][0] : null;
  };
  return instructions.map(
    (instruction) => parameterOf(instruction, MOST_HAND_OVERS) ?? named(instruction, data),
  );
}

const OF_PARAMETERS: readonly Instruction["kind"][] = ["dW", "update"];
/** A gradient's norm is taken before it is scaled, and it is scaled before the update. */
const MOST_HAND_OVERS = 2;
/** Counts and flags are arguments, too, and small; the first kilobyte of the memory is nobody's. */
const LEAST_ADDRESS = 1024;

function named({ arguments: all }: Instruction, regions: readonly Region[]): string | null {
  const found = regions.find(({ first, end }) => all.some(({ base }) => base >= first && base < end));
  return found?.name ?? null;
}

/** Whether `later` must wait for `earlier`, and has an address in common with it. */
function takesUp(later: Instruction, earlier: Instruction): boolean {
  if (!later.dependencies.includes(earlier.id)) return false;
  const addresses = earlier.arguments.filter(({ base }) => base >= LEAST_ADDRESS);
  return addresses.some(({ base }) => later.arguments.some((argument) => argument.base === base));
}
