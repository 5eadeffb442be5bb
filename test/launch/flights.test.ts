/** A run that ends by a fault leaves the last transfers of every process, and one that ends well leaves none. */
import test from "ava";
import { workplace } from "../cli/child.ts";
import { flightFiles, reportOf } from "./flights.ts";
import { Launched, TRAIN } from "./stories.ts";

const TWO = [...TRAIN, "--hosts", "localhost:1,127.0.0.1:2", "--run-dir", "out"];

test.serial(
  "after a rank's fault each process's last transfers are in the run's logs, and why",
  async (t) => {
    const folder = workplace(t);
    const environment = { LOCKSTEP_FAULT: "throw:1:45" };
    const { exitCode, stderr } = await new Launched(t, folder, [...TWO, "--epochs", "100"], environment)
      .ended;
    t.is(exitCode, 1, stderr);
    t.deepEqual(flightFiles(folder).sort(), ["flight-0.json", "flight-1.json"]);
    t.regex(
      reportOf(t, folder, 0, [44, 45]).why,
      /process 1 .*stopped: rank 1 failed at step 45|told to leave/,
    );
    const { why, name, flights } = reportOf(t, folder, 1, [44, 45]);
    t.regex(why, /^rank 1 failed at step 45: fault injected/);
    t.is(name, "process 1 (ranks 1-2 on 127.0.0.1)");
    const ways = new Set(flights.map(({ way }) => way));
    t.deepEqual([...ways].sort(), ["in", "out"]);
    t.true(flights.some(({ step, done, bytes }) => step === 44 && done !== null && bytes > 0));
    t.false(flights.some(({ what }) => what.startsWith("unknown")));
  },
);

test.serial("a run that ends well leaves no transfers", async (t) => {
  const folder = workplace(t);
  const { exitCode, stderr } = await new Launched(t, folder, [...TWO, "--epochs", "1"]).ended;
  t.is(exitCode, 0, stderr);
  t.deepEqual(flightFiles(folder), []);
});
