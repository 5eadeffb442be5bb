import test from "ava";
import fc from "fast-check";
import {
  ASCII,
  duration,
  grouped,
  lossText,
  progressLine,
  progressNote,
  rate,
  UNICODE,
} from "../../src/cli/progress.ts";
import type { Progress } from "../../src/job/options.ts";

const progress: Progress = {
  epoch: 2,
  epochs: 5,
  step: 1234,
  steps: 4690,
  loss: 0.123456,
  samplesPerSecond: 412345.6,
  secondsLeft: 63.2,
};

test("the line is as rich as the terminal is wide", (t) => {
  const picture = [120, 100, 80, 72, 60, 45, 40, 30, 25, 20, 12, 5, 1, 0].map((columns) => {
    return `${String(columns).padStart(3)}|${progressLine(progress, columns, UNICODE)}`;
  });
  t.deepEqual(picture, [
    "120|━━━━━━━━──────────────────────  epoch 2/5  step 1,234/4,690  loss 0.1235  412k samples/s  1:04 left",
    "100|━━━━━━━━──────────────────────  epoch 2/5  step 1,234/4,690  loss 0.1235  412k samples/s  1:04 left",
    " 80|━━━───────  epoch 2/5  step 1,234/4,690  loss 0.1235  412k samples/s  1:04 left",
    " 72|epoch 2/5  step 1,234/4,690  loss 0.1235  412k samples/s  1:04 left",
    " 60|epoch 2/5  loss 0.1235  412k samples/s  1:04 left",
    " 45|epoch 2/5  loss 0.1235  1:04 left",
    " 40|epoch 2/5  loss 0.1235  1:04 left",
    " 30|26 %  loss 0.1235  1:04",
    " 25|26 %  loss 0.1235  1:04",
    " 20|26 %  1:04",
    " 12|26 %  1:04",
    "  5|26 %",
    "  1|",
    "  0|",
  ]);
});

test("a terminal without UTF-8 gets a bar of ASCII", (t) => {
  const line = progressLine({ ...progress, step: 4690 }, 90, ASCII);
  t.is(line, "####################  epoch 2/5  step 4,690/4,690  loss 0.1235  412k samples/s  1:04 left");
});

test("no line is wider than the terminal leaves, whatever the numbers", (t) => {
  const numbers = fc.record({
    epoch: fc.nat(),
    epochs: fc.nat(),
    step: fc.nat(),
    steps: fc.nat(),
    loss: fc.double(),
    samplesPerSecond: fc.double(),
    secondsLeft: fc.double(),
  });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 200 }), (values, columns) => {
      const line = progressLine(values, columns, UNICODE);
      t.true(line.length <= Math.max(0, columns - 1) && !line.includes("\n"), line);
    }),
  );
});

test("a note for a log has everything on one line", (t) => {
  t.is(progressNote(progress), "epoch 2/5  step 1234/4690  loss 0.1235  412k samples/s  1:04 left");
});

test("numbers are shown with as many digits as they are good for", (t) => {
  t.deepEqual([2.3126, 0.0421234, 0.00001234, 123456.7, 0, Number.NaN].map(lossText), [
    "2.313",
    "0.04212",
    "1.23e-5",
    "1.23e+5",
    "0.000",
    "NaN",
  ]);
  t.deepEqual([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
  t.deepEqual([85.4, 8520, 9999.4, 412345, 999_400, 999_600, 1_254_000, Infinity, -1].map(rate), [
    "85",
    "8,520",
    "9,999",
    "412k",
    "999k",
    "1.00M",
    "1.25M",
    "?",
    "?",
  ]);
  t.deepEqual([0, 6.2, 59.1, 65, 3600, 7384, Number.NaN, Infinity].map(duration), [
    "0 s",
    "7 s",
    "1:00",
    "1:05",
    "1:00:00",
    "2:03:04",
    "?",
    "?",
  ]);
});
