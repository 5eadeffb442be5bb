/** Hosts that do not answer, or not in time: given up, named, and nothing is left of the attempt. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { workplace } from "../cli/child.ts";
import { shim } from "../launch/shim.ts";
import { Launched, processesOf, TRAIN } from "../launch/stories.ts";

test("a host whose shell never speaks is given up after twenty seconds, and named", async (t) => {
  const folder = workplace(t);
  const path = shim(folder, "exec sleep 1000");
  const argv = [...TRAIN, "--hosts", "node1,localhost", "--ssh", path, "--json"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "host-unreachable" });
  t.regex(stderr, /node1 did not answer within 20 s\n {2}fix: see that it is up: \S*\/ssh node1 true/);
  t.deepEqual(await processesOf(folder, 3000), []);
});

test("a host that is not known by name is named, with the fix", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, "--hosts", "no-such-host.invalid,localhost", "--json"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "host-unknown" }, stderr);
  t.regex(stderr, /cannot reach no-such-host\.invalid: .*resolve.*\n {2}fix: correct its name/);
  t.deepEqual(await processesOf(folder, 3000), []);
});

test("Ctrl-C while a host does not answer ends at once, and leaves nothing", async (t) => {
  const folder = workplace(t);
  const path = shim(folder, "exec sleep 1000");
  const argv = [...TRAIN, "--hosts", "node1,localhost", "--ssh", path, "--json", "--run-dir", "out"];
  const launched = new Launched(t, folder, argv);
  while (!existsSync(join(folder, "words"))) await new Promise((resolve) => setTimeout(resolve, 20));
  launched.process.kill("SIGINT");
  const { exitCode, stderr, objects } = await launched.ended;
  t.is(exitCode, 130, stderr);
  t.like(objects.at(-1), { status: "interrupted", error: { code: "interrupted" } });
  t.false(stderr.includes("did not answer"), stderr);
  t.false(existsSync(join(folder, "out")));
  t.deepEqual(await processesOf(folder, 3000), []);
});
