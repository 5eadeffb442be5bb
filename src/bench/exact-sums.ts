/** Inputs whose sum is exact in any order, so that every algorithm must give the same bits: small integers. */
import { EnvironmentError } from "../base/errors.ts";

const PERIOD = 251;

/** Rank r has r + 1 times what rank 0 has. */
export function fillInput(input: Float32Array, rank: number): void {
  for (let i = 0; i < input.length; i++) input[i] = (rank + 1) * (i % PERIOD);
}

/** Throws an EnvironmentError `wrong-sum` that names the first element that is not the sum over all ranks. */
export function checkSum(output: Float32Array, ranks: number, what: string): void {
  check(output, (ranks * (ranks + 1)) / 2, what);
}

/** The same for what should be another rank's input. */
export function checkInput(output: Float32Array, rank: number, what: string): void {
  check(output, rank + 1, what);
}

function check(output: Float32Array, factor: number, what: string): void {
  const wrong = output.findIndex((element, i) => element !== factor * (i % PERIOD));
  if (wrong < 0) return;
  throw new EnvironmentError(
    "wrong-sum",
    `${what}: element ${wrong} of ${output.length} is ${output[wrong]}, not ${factor * (wrong % PERIOD)}`,
    "do not trust this machine's figures, and report this",
  );
}
