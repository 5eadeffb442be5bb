import { EventEmitter } from "node:events";
import test from "ava";
import { onInterrupt } from "../../src/cli/interrupt.ts";

function listening() {
  const source = new EventEmitter();
  const heard: string[] = [];
  const clock = { ms: 0 };
  const forget = onInterrupt(
    () => heard.push("first"),
    () => heard.push("second"),
    source,
    () => clock.ms,
  );
  return { source, heard, clock, forget };
}

test("the first signal asks to stop, the next one stops at once", (t) => {
  for (const signals of [
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGHUP", "SIGTERM"],
  ]) {
    const { source, heard, clock } = listening();
    source.emit(signals[0]);
    clock.ms = 400;
    source.emit(signals[1]);
    t.deepEqual(heard, ["first", "second"]);
  }
});

test("the copy of a signal that npm passes on is the same press", (t) => {
  const { source, heard, clock } = listening();
  source.emit("SIGINT");
  clock.ms = 20;
  source.emit("SIGINT");
  t.deepEqual(heard, ["first"]);
  clock.ms = 300;
  source.emit("SIGINT");
  t.deepEqual(heard, ["first", "second"]);
});

test("afterwards signals do again what they always do", (t) => {
  const { source, forget } = listening();
  forget();
  t.deepEqual(source.eventNames(), []);
});
