/**
 * What people call the parts of a pipeline's step, in its events:
 *
 *     forward 3 of stage 1            an event round the kernels of an action, F3 in a schedule's picture
 *     hold input gradient 3 of stage 1    until the next stage has made its input gradients of micro-batch 3
 */
import type { Instruction, Program } from "../program/instruction.ts";
import type { Gate } from "../program/pipeline.ts";

const ACTIONS: Readonly<Partial<Record<Instruction["kind"], string>>> = {
  forward: "forward",
  dX: "input gradient",
  dW: "weight gradient",
};

type Place = Pick<Gate, "stage" | "microBatch">;

/** Stages and micro-batches are counted from 0. */
const wordsOf = (what: string, { stage, microBatch }: Place): string =>
  `${what} ${microBatch} of stage ${stage}`;

/** Which rows a pass or hold of a gate is about. */
export const gateWords = ({ passage, ...place }: Gate): string =>
  wordsOf(passage === "forward" ? "forward" : "input gradient", place);

/** Instructions `first` to `last` of a program. */
export interface TracedAction {
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** The actions of a rank of a pipeline, by the number of their first instruction: what comes before the step's first barrier. */
export function actionsOf({ instructions }: Program): Map<number, TracedAction> {
  const end = instructions.findIndex(({ kind }) => kind === "barrier");
  const found = new Map<number, TracedAction>();
  let open: TracedAction | null = null;
  for (const [index, instruction] of instructions.slice(0, Math.max(0, end)).entries()) {
    // What is waited for and told node by node is within.
    if (["start", "wait", "enter"].includes(instruction.kind)) continue;
    const what = instruction.kernel === null ? undefined : ACTIONS[instruction.kind];
    const name = what === undefined ? null : wordsOf(what, instruction);
    if (name === null) open = null;
    else {
      const first: number = open?.name === name ? open.first : index;
      open = { name, first, last: index };
      found.set(first, open);
    }
  }
  return found;
}
