import test from "ava";
import { workplace } from "../cli/child.ts";
import { shim } from "./shim.ts";
import { Launched, processesOf } from "./stories.ts";

test.serial("doctor measures every two hosts, and leaves nobody", async (t) => {
  const folder = workplace(t);
  const hosts = ["--hosts", "localhost:1,127.0.0.1:1,[::1]:1"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, ["doctor", ...hosts, "--json"]).ended;
  t.is(exitCode, 0, stderr);
  const pairs = objects.filter(({ type }) => type === "pair");
  t.deepEqual(
    pairs.map(({ hosts, usable }) => [hosts, usable]),
    [
      [["localhost", "127.0.0.1"], true],
      [["localhost", "[::1]"], true],
      [["127.0.0.1", "[::1]"], true],
    ],
  );
  for (const { roundTripUs, bytesPerSecond } of pairs) {
    t.true(Number(roundTripUs) > 1 && Number(roundTripUs) < 1e6);
    t.true(Number(bytesPerSecond) > 1e5);
  }
  t.deepEqual(objects.at(-1), { status: "ok", hosts: 3 });
  t.deepEqual(await processesOf(folder), []);
});

test.serial(
  "two hosts that do not reach each other are named with why, and the next pair is measured",
  async (t) => {
    const folder = workplace(t);
    // The address is of nobody (RFC 5737): who is met there cannot listen there.
    const ssh = shim(folder, ":", "127.0.0.1 1 192.0.2.7 2");
    const hosts = ["--hosts", "node1,localhost,127.0.0.1", "--ssh", ssh];
    const { exitCode, stderr, objects } = await new Launched(t, folder, ["doctor", ...hosts, "--json"]).ended;
    t.is(exitCode, 1, stderr);
    const pairs = objects.filter(({ type }) => type === "pair");
    t.deepEqual(
      pairs.map(({ hosts, usable }) => [hosts, usable]),
      [
        [["node1", "localhost"], false],
        [["node1", "127.0.0.1"], false],
        [["localhost", "127.0.0.1"], true],
      ],
    );
    t.regex(stderr, /node1 and localhost: on node1: cannot listen at tcp:\/\/192\.0\.2\.7:\d+.*\n {2}fix: /);
    t.deepEqual(objects.at(-1), { status: "failed", hosts: 3 });
    t.deepEqual(await processesOf(folder), []);
  },
);
