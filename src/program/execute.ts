/** Executes a program: resolves each instruction's arguments for the step and calls its kernel. Allocates nothing. */
import type { Kernels } from "../kernels/abi.ts";
import type { Argument, Program } from "./instruction.ts";

type Kernel = (...integers: number[]) => void;

/** Kernels take at most this many arguments. */
const WIDTH = 16;

/** What stands for a kernel where the instruction is a barrier. */
const BARRIER = null;

export class Executor {
  readonly #kernels: readonly (Kernel | typeof BARRIER)[];
  readonly #counts: Int32Array;
  readonly #bases: Int32Array;
  readonly #strides: Int32Array;
  readonly #times: Int32Array;
  readonly #meet: () => void;

  /** `meet` is called at every barrier: it returns when all ranks have called it, or throws. */
  constructor(program: Program, kernels: Kernels, meet: () => void) {
    const { instructions } = program;
    this.#kernels = instructions.map(({ kernel }) => (kernel ? (kernels[kernel] as Kernel) : BARRIER));
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
    this.#meet = meet;
  }

  /** One step. `step` holds the step parameters (see STEP) of this rank. */
  run(step: Int32Array): void {
    for (let row = 0; row < this.#kernels.length; row++) {
      const kernel = this.#kernels[row];
      if (kernel === BARRIER) this.#meet();
      else this.#call(kernel, this.#counts[row], row * WIDTH, step);
    }
  }

  #value(index: number, step: Int32Array): number {
    return (this.#bases[index] + Math.imul(this.#strides[index], step[this.#times[index]])) | 0;
  }

  /** Spelled out by arity, since an argument list made anew would be garbage on every call. */
  #call(kernel: Kernel, count: number, at: number, step: Int32Array): void {
    const a = this.#value(at, step);
    if (count === 1) return kernel(a);
    const b = this.#value(at + 1, step);
    const c = this.#value(at + 2, step);
    if (count === 3) return kernel(a, b, c);
    const d = this.#value(at + 3, step);
    if (count === 4) return kernel(a, b, c, d);
    const e = this.#value(at + 4, step);
    if (count === 5) return kernel(a, b, c, d, e);
    const f = this.#value(at + 5, step);
    if (count === 6) return kernel(a, b, c, d, e, f);
    const g = this.#value(at + 6, step);
    const h = this.#value(at + 7, step);
    if (count === 8) return kernel(a, b, c, d, e, f, g, h);
    const i = this.#value(at + 8, step);
    const j = this.#value(at + 9, step);
    const k = this.#value(at + 10, step);
    const l = this.#value(at + 11, step);
    const m = this.#value(at + 12, step);
    if (count === 13) return kernel(a, b, c, d, e, f, g, h, i, j, k, l, m);
    throw new Error(`no call of ${count} arguments`);
  }
}
