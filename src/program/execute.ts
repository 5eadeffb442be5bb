/** Executes a program: resolves each instruction's arguments for the step and calls its kernel. Allocates nothing. */
import type { Kernels } from "../kernels/abi.ts";
import type { Argument, Instruction, Meeting, Program } from "./instruction.ts";

type Kernel = (...integers: number[]) => void;

/** Kernels take at most this many arguments. */
const WIDTH = 16;

/** Numbers of arguments that #call spells out. */
const ARITIES = [1, 3, 4, 5, 6, 8, 10, 11, 12, 13];

/** What an instruction that calls no kernel does: given the transfer, or the phase, that it is about. */
export type Meetings = Readonly<Record<Meeting, (subject: number) => void>>;

/** The meetings of ranks that have no other processes, and no stages. */
export const barriersOnly = (meet: () => void): Meetings => {
  const none = () => {
    throw new Error("this process has no transfers, and no gates");
  };
  return { barrier: meet, pass: none, hold: none, enter: none, start: none, wait: none, drain: none };
};

/** The meeting of an instruction; of one that calls a kernel, one that is never called. */
const meetingOf = ({ kind, kernel }: Instruction): Meeting =>
  kernel === null ? (kind as Meeting) : "barrier";

export class Executor {
  readonly #kernels: readonly (Kernel | null)[];
  /** What is done where there is no kernel. */
  readonly #meetings: readonly ((subject: number) => void)[];
  readonly #subjects: Int32Array;
  readonly #counts: Int32Array;
  readonly #bases: Int32Array;
  readonly #strides: Int32Array;
  readonly #times: Int32Array;

  /** `meetings` return when what they wait for has come, or throw. */
  constructor(program: Program, kernels: Kernels, meetings: Meetings) {
    const { instructions } = program;
    for (const instruction of instructions)
      if (instruction.kernel && !ARITIES.includes(instruction.arguments.length))
        throw new Error(
          `${instruction.kernel} has ${instruction.arguments.length} arguments: spell that arity out`,
        );
    this.#kernels = instructions.map(({ kernel }) => (kernel ? (kernels[kernel] as Kernel) : null));
    this.#meetings = instructions.map((instruction) => meetings[meetingOf(instruction)]);
    this.#subjects = Int32Array.from(instructions, ({ subject }) => subject);
    this.#counts = Int32Array.from(instructions, (instruction) => instruction.arguments.length);
    const table = (field: keyof Argument) => {
      const values = new Int32Array(instructions.length * WIDTH);
      // Addresses above 2 GiB become negative here and positive again in the kernel: an i32 has no sign of its own.
      instructions.forEach((instruction, row) => {
        instruction.arguments.forEach((argument, column) => {
          values[row * WIDTH + column] = argument[field] | 0;
        });
      });
      return values;
    };
    this.#bases = table("base");
    this.#strides = table("stride");
    this.#times = table("times");
  }

  /** One step. `step` holds the step parameters (see STEP) of this rank. */
  run(step: Int32Array): void {
    for (let row = 0; row < this.#kernels.length; row++) {
      const kernel = this.#kernels[row];
      if (kernel === null) this.#meetings[row](this.#subjects[row]);
      else this.#call(kernel, this.#counts[row], row * WIDTH, step);
    }
  }

  /** Instruction `row` of a step alone: for who wants to look at a clock between two. */
  runOne(row: number, step: Int32Array): void {
    const kernel = this.#kernels[row];
    if (kernel === null) this.#meetings[row](this.#subjects[row]);
    else this.#call(kernel, this.#counts[row], row * WIDTH, step);
  }

  #value(index: number, step: Int32Array): number {
    return (this.#bases[index] + Math.imul(this.#strides[index], step[this.#times[index]])) | 0;
  }

  /** Spelled out by arity, since an argument list made anew would be garbage on every call. */
  #call(kernel: Kernel, count: number, at: number, step: Int32Array): void {
    const a = this.#value(at, step);
    const b = this.#value(at + 1, step);
    const c = this.#value(at + 2, step);
    const d = this.#value(at + 3, step);
    const e = this.#value(at + 4, step);
    const f = this.#value(at + 5, step);
    const g = this.#value(at + 6, step);
    const h = this.#value(at + 7, step);
    if (count === 1) kernel(a);
    else if (count === 3) kernel(a, b, c);
    else if (count === 4) kernel(a, b, c, d);
    else if (count === 5) kernel(a, b, c, d, e);
    else if (count === 6) kernel(a, b, c, d, e, f);
    else if (count === 8) kernel(a, b, c, d, e, f, g, h);
    else {
      const i = this.#value(at + 8, step);
      const j = this.#value(at + 9, step);
      const k = this.#value(at + 10, step);
      const l = this.#value(at + 11, step);
      if (count === 10) kernel(a, b, c, d, e, f, g, h, i, j);
      else if (count === 11) kernel(a, b, c, d, e, f, g, h, i, j, k);
      else if (count === 12) kernel(a, b, c, d, e, f, g, h, i, j, k, l);
      else kernel(a, b, c, d, e, f, g, h, i, j, k, l, this.#value(at + 12, step));
    }
  }
}
