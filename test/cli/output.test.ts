import test from "ava";
import { EnvironmentError, InputError, RankError } from "../../src/base/errors.ts";
import { reportFailure } from "../../src/cli/failure.ts";
import type { Environment } from "../../src/cli/live-line.ts";
import { Output } from "../../src/cli/output.ts";
import { ProgressDisplay } from "../../src/cli/progress-display.ts";
import type { Progress } from "../../src/job/options.ts";
import { Terminal } from "./terminal.ts";

const progress: Progress = {
  epoch: 1,
  epochs: 2,
  step: 1,
  steps: 4,
  loss: 1,
  samplesPerSecond: 1,
  secondsLeft: 1,
};
const LINE = "epoch 1/2  step 1/4  loss 1.000  1 samples/s  1 s left";

/** An output whose two streams are the same screen, as in a terminal. */
function onScreen(columns: number | undefined, environment: Environment = {}, settings: object = {}) {
  const terminal = new Terminal(columns);
  const output = Object.assign(new Output(terminal, terminal, environment), settings);
  const clock = { ms: 0 };
  return { terminal, output, clock, display: new ProgressDisplay(output, () => clock.ms) };
}

test("on a terminal the progress stays at the bottom, under results and talk", (t) => {
  const { terminal, output, display } = onScreen(60);
  display.show(progress);
  t.deepEqual(terminal.screen, [LINE]);
  output.result("a result");
  output.say("talk");
  t.deepEqual(terminal.screen, ["a result", "talk", LINE]);
  display.end();
  t.deepEqual(terminal.screen, ["a result", "talk", ""]);
});

test("a line that becomes shorter leaves no rest of the longer one", (t) => {
  const { terminal, display, clock } = onScreen(60);
  display.show({ ...progress, step: 1000, steps: 1000 });
  clock.ms = 100;
  display.show(progress);
  t.deepEqual(terminal.screen, [LINE]);
});

test("the line is drawn at most ten times a second", (t) => {
  const { terminal, display, clock } = onScreen(60);
  for (clock.ms = 0; clock.ms < 1000; clock.ms += 7) display.show({ ...progress, step: clock.ms });
  t.is(terminal.written.split("\r").length, 10);
});

test("a file or a pipe gets a plain line every five seconds, and never a carriage return", (t) => {
  const { terminal, display, clock } = onScreen(undefined);
  for (clock.ms = 0; clock.ms <= 16_000; clock.ms += 100) display.show(progress);
  display.end();
  t.is(terminal.written, `${LINE}\n`.repeat(3));
});

for (const [what, columns, environment] of [
  ["of no width", 0, {}],
  ["that is dumb", 80, { TERM: "dumb" }],
] as const) {
  test(`a terminal ${what} gets plain lines`, (t) => {
    const { terminal, display, clock } = onScreen(columns, environment);
    display.show(progress);
    clock.ms = 5000;
    display.show(progress);
    t.is(terminal.written, `${LINE}\n`);
  });
}

test("in a terminal too narrow for anything nothing is drawn", (t) => {
  const { terminal, display } = onScreen(3);
  display.show(progress);
  t.is(terminal.written, "");
});

test("quiet means nothing on stderr but complaints; the log hears all", (t) => {
  const { terminal, output, display } = onScreen(80, {}, { quiet: true });
  const log: string[] = [];
  output.log = (line) => log.push(line);
  display.show(progress);
  output.say("talk");
  output.detail("more");
  output.complain("complaint");
  t.is(terminal.written, "complaint\n");
  t.deepEqual(log, ["talk", "more", "complaint"]);
});

test("details are for the verbose", (t) => {
  for (const verbose of [false, true]) {
    const { terminal, output } = onScreen(80, {}, { verbose });
    output.detail("more");
    t.is(terminal.written, verbose ? "more\n" : "");
  }
});

test("with --json stdout has objects and nothing else; without it no objects", (t) => {
  for (const json of [false, true]) {
    const stdout = new Terminal();
    const output = Object.assign(new Output(stdout, new Terminal(), {}), { json });
    output.result("words");
    output.object({ a: 1 });
    t.is(stdout.written, json ? '{"a":1}\n' : "words\n");
  }
});

const failure = (thrown: unknown, columns?: number, environment: Environment = {}) => {
  const [stdout, stderr] = [new Terminal(), new Terminal(columns)];
  const output = Object.assign(new Output(stdout, stderr, environment), { json: true });
  const exitCode = reportFailure(thrown, output);
  return { exitCode, said: stderr.written, last: JSON.parse(stdout.written) };
};

test("a failure is said with its fix, and is the last object", (t) => {
  t.deepEqual(failure(new InputError("bad-value", "--batch is 0", "give 1")), {
    exitCode: 2,
    said: "lockstep: --batch is 0\n  fix: give 1\n",
    last: { status: "failed", error: { code: "bad-value", message: "--batch is 0", fix: "give 1" } },
  });
  t.is(failure(new EnvironmentError("disk-full", "full", "free some")).exitCode, 1);
});

test("a rank's failure says rank, step and the stack inside the rank", (t) => {
  const cause = Object.assign(new Error("boom"), { stack: "Error: boom\n    at step (rank.js:1:2)" });
  const { exitCode, said, last } = failure(
    new RankError("rank-threw", "rank 3 threw: boom", "see the stack", { rank: 3, step: 7 }, cause),
  );
  t.is(
    said,
    "lockstep: rank 3 threw: boom (step 7)\n  Error: boom\n      at step (rank.js:1:2)\n  fix: see the stack\n",
  );
  t.deepEqual([exitCode, last.error.rank, last.error.step], [1, 3, 7]);
});

test("a rank's failure whose stack came with it says that one; ours says nothing", (t) => {
  const error = new RankError("rank-threw", "rank 3 failed: boom", "see the stack", { rank: 3 });
  t.is(failure(error).said, "lockstep: rank 3 failed: boom\n  fix: see the stack\n");
  error.stack = "Error: boom\n    at step (rank.js:1:2)";
  t.true(failure(error).said.includes("\n  Error: boom\n      at step (rank.js:1:2)\n"));
});

test("what nobody expected is internal, with its stack", (t) => {
  const { exitCode, said, last } = failure(new TypeError("x is not a function"));
  t.regex(said, /^lockstep: x is not a function\n {2}TypeError: x is not a function\n {6}at .*output\.test/);
  t.deepEqual([exitCode, last.error.code, last.error.message], [1, "internal", "x is not a function"]);
  t.is(failure("just words").last.error.message, "just words");
});

test("colours are for terminals that want them", (t) => {
  const coloured = (columns?: number, environment: Environment = {}) =>
    failure(new Error("x"), columns, environment).said.includes("\x1b[");
  t.true(coloured(80));
  t.true(coloured(80, { NO_COLOR: "" }));
  t.false(coloured(80, { NO_COLOR: "1" }));
  t.false(coloured(80, { TERM: "dumb" }));
  t.false(coloured());
});
