/**
 * The words through which the ranks of a process and its main thread talk, in the shared memory.
 *
 *     line 0   command sequence, command, its four operands
 *     line 1   barrier: arrivals of this round, round, sleepers
 *     line 2   stop request, last step, abort, steps done
 *     line 3…  one line a rank: the barrier round at which it arrived last, a sign of life, its training step in hand
 *
 * One cache line for each group, so that a rank that spins on one does not slow writers of another.
 */

const LINE_WORDS = 16;

export const WORD = {
  sequence: 0,
  command: 1,
  operand: 2,
  arrivals: LINE_WORDS,
  round: LINE_WORDS + 1,
  sleepers: LINE_WORDS + 2,
  /** 1: finish the step in hand, then stop. Written by the main thread, read by rank 0 alone. */
  stopRequest: 2 * LINE_WORDS,
  /** The step after which all ranks stop: rank 0 writes it before a barrier, all read it after. */
  lastStep: 2 * LINE_WORDS + 1,
  /** 1: some rank failed; nobody waits for anybody any more. */
  abort: 2 * LINE_WORDS + 2,
  /** Steps of this run that are done. */
  stepsDone: 2 * LINE_WORDS + 3,
  ranks: 3 * LINE_WORDS,
} as const;

/** The word at which `rank` leaves the number of its last barrier. */
export const arrivalWord = (rank: number): number => WORD.ranks + rank * LINE_WORDS;

/** The word that `rank` counts up at every step of training or evaluation: who stands still, hangs. */
export const beatWord = (rank: number): number => arrivalWord(rank) + 1;

/** The word with the training step (1, 2, …) that `rank` began last: what it died of, if it cannot say so itself. */
export const stepWord = (rank: number): number => arrivalWord(rank) + 2;

export const controlBytes = (ranks: number): number => 4 * arrivalWord(ranks);

export const COMMAND = { train: 1, evaluate: 2, leave: 3 } as const;
export type CommandName = keyof typeof COMMAND;

/** What a rank is at, in messages to people: of the command that it was given last. */
export function operationOf(words: Int32Array): string {
  const command = Atomics.load(words, WORD.command);
  if (command === COMMAND.train) return "training";
  return command === COMMAND.evaluate ? "evaluation" : "start";
}

/** No step is the last one yet. */
export const NO_LAST_STEP = 0x7fffffff;

/** A view of the control words at `address`. */
export function controlWords(memory: WebAssembly.Memory, address: number, ranks: number): Int32Array {
  return new Int32Array(memory.buffer, address, controlBytes(ranks) / 4);
}
