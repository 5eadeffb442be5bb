import test from "ava";
import { closingLines, interruptedLine } from "../../src/cli/summary.ts";

const EPOCH = { epoch: 2, seconds: 1, trainLoss: 1, testLoss: 1, testAccuracy: 0.9186 };
const RESULT = {
  status: "interrupted",
  epochs: [EPOCH],
  steps: 60,
  samplesPerSecond: 1,
  stepMs: { p50: 1, p95: 1 },
  weightsSha256: "ab",
  weights: [],
  engine: "plain-128",
  fma: false,
} as const;

test("the accuracy is the weights' own where they are those of the last epoch, else it is told with its epoch", (t) => {
  const accuracy = (steps: number) => closingLines({ ...RESULT, steps }, 30, "runs/a")[1];
  t.is(accuracy(60), "accuracy   91.86 %");
  t.is(accuracy(61), "accuracy   91.86 % after epoch 2");
  t.is(accuracy(45), "accuracy   91.86 %", "an epoch cut short by --max-steps is evaluated at its end");
  t.is(closingLines({ ...RESULT, epochs: [] }, 30, "runs/a")[1], "steps      60");
});

test("a step's time has three digits and no exponent", (t) => {
  const step = (p50: number) =>
    /step +(.*) \(p50\)/.exec(closingLines({ ...RESULT, stepMs: { p50, p95: 1 } }, 30, "r").join("\n"))?.[1];
  t.deepEqual([0.0412, 85.34, 999.4, 999.5, 6030, 1_230_000, Number.NaN].map(step), [
    "0.0412 ms",
    "85.3 ms",
    "999 ms",
    "1.00 s",
    "6.03 s",
    "1,230 s",
    "?",
  ]);
});

test("the words to go on with can be pasted into a shell", (t) => {
  t.is(
    interruptedLine(1234, "runs/a"),
    "interrupted at step 1,234; go on with: lockstep train --resume runs/a",
  );
  t.true(interruptedLine(1, "it's mine").endsWith("--resume 'it'\\''s mine'"));
});
