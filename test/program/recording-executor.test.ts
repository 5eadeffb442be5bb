/** The executor that leaves times: its steps are those of the plain one, recorded or not. */
import test from "ava";
import type { Kernels } from "../../src/kernels/abi.ts";
import { StepRing } from "../../src/profile/step-ring.ts";
import { barriersOnly, Executor } from "../../src/program/execute.ts";
import { RecordingExecutor } from "../../src/program/recording-executor.ts";
import { oneThread } from "./one-thread.ts";

/** Calls of kernels and meetings, as text; the program's arguments depend on the step's parameters. */
function calls(recorded: "always" | "never" | "plain", steps: number): { said: string[]; ring: StepRing } {
  const { layout } = oneThread({ ranks: 2 });
  const program = layout.train![1];
  const said: string[] = [];
  const kernels = new Proxy({} as Kernels, {
    get:
      (_, name) =>
      (...args: number[]) =>
        void said.push(`${String(name)} ${args}`),
  });
  const executor = new Executor(
    program,
    kernels,
    barriersOnly(() => said.push("meet")),
  );
  const window = recorded === "always" ? { first: 1, last: steps } : { first: 1000, last: 1001 };
  const { length } = program.instructions;
  const ring = StepRing.make(window, length);
  let number = 0;
  const runner =
    recorded === "plain" ? executor : new RecordingExecutor(executor, length, ring, () => number);
  for (number = 1; number <= steps; number++) {
    const parameters = Int32Array.from({ length: 14 }, (_, index) => index * number);
    runner.run(parameters);
  }
  return { said, ring };
}

test("a step makes the very calls of the plain executor, whether it is recorded or not", (t) => {
  const { said } = calls("plain", 3);
  t.true(said.length > 30);
  t.deepEqual(calls("always", 3).said, said);
  t.deepEqual(calls("never", 3).said, said);
});

test("of a recorded step every instruction has an end, of another there is nothing", (t) => {
  const { ring } = calls("always", 3);
  const [first, ...others] = ring.steps();
  t.is(others.length, 2);
  t.is(first.endsUs.length, oneThread({ ranks: 2 }).layout.train![1].instructions.length);
  t.deepEqual(calls("never", 3).ring.steps(), []);
});
