/** Traces of several processes: all of them come into the launcher's folder, and what the disk refuses is warned of once. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { Relay } from "../../src/launch/relay.ts";
import type { TraceDocument } from "../../src/profile/chrome-trace.ts";
import { lockstep, TINY, workplace } from "../cli/child.ts";
import { traceFaults } from "../profile/trace-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { shim } from "./shim.ts";
import { Launched, TRAIN } from "./stories.ts";

test("two processes leave the traces of all ranks in the run's folder, with the messages of both ways", async (t) => {
  const folder = workplace(t);
  const { exitCode, stderr } = await lockstep(
    folder,
    ...[...TINY.slice(0, -1), "3", "--ranks-per-process", "2"],
    ...["--epochs", "1", "--trace", "--run-dir", "out"],
  );
  t.is(exitCode, 0, stderr);
  const names = readdirSync(join(folder, "out", "trace"));
  t.deepEqual(names, ["rank-0000.json.gz", "rank-0001.json.gz", "rank-0002.json.gz"]);
  const documents = names.map((name): TraceDocument => {
    return JSON.parse(gunzipSync(readFileSync(join(folder, "out", "trace", name))).toString());
  });
  for (const document of documents) t.deepEqual(traceFaults(document, false), []);
  t.deepEqual(
    documents.map(({ lockstep: { process, rank, firstRank } }) => [process, rank, firstRank]),
    [
      [0, 0, 0],
      [0, 1, 0],
      [1, 2, 2],
    ],
  );
  const [first, second, third] = documents.map(({ traceEvents }) => traceEvents);
  const ids = (events: TraceDocument["traceEvents"], end: "s" | "f") =>
    events.filter(({ ph }) => ph === end).map(({ id }) => id);
  // At its edges a window may have a message's beginning and not its end.
  const found = ids(first, "s").filter((id) => ids(third, "f").includes(id));
  t.true(found.length >= 8, `${found.length} of ${ids(first, "s").length}`);
  t.true(ids(third, "s").some((id) => ids(first, "f").includes(id)));
  t.deepEqual([ids(second, "s"), ids(second, "f")], [[], []]);
  const message = first.find(({ cat, tid }) => cat === "link" && tid === 2001);
  t.like(message?.args, { peer: 1 });
  const { enqueuedUs, framedUs, doneUs } = (message?.args ?? {}) as Record<string, number>;
  t.true(enqueuedUs <= framedUs && framedUs <= doneUs);
  t.true(first.some(({ name, tid }) => name === "send" && tid === 1000));
});

test("a trace that the disk refuses is warned of once, and the run goes on", (t) => {
  const file = join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  const warnings: string[] = [];
  const relay = new Relay({
    observer: { warning: (message) => warnings.push(message) },
    checkpointFolder: file,
    trace: { folder: join(file, "trace") },
    hosts: () => [],
  });
  for (const process of [0, 1])
    for (const last of [false, true])
      relay.take({ type: "trace", name: `rank-000${process}.json.gz`, last }, new Uint8Array(3), process);
  relay.end();
  t.is(warnings.length, 1);
  t.regex(warnings[0], /^the trace is not there, or not whole: cannot write .*; choose another path$/);
});

test("a trace is a file when its last piece has come, and none if it never does", (t) => {
  const folder = temporaryFolder(t);
  const relay = new Relay({ observer: {}, checkpointFolder: folder, trace: { folder }, hosts: () => [] });
  relay.take({ type: "trace", name: "rank-0000.json.gz", last: false }, Uint8Array.of(1), 0);
  relay.take({ type: "trace", name: "rank-0001.json.gz", last: false }, Uint8Array.of(2), 1);
  relay.take({ type: "trace", name: "rank-0001.json.gz", last: true }, Uint8Array.of(3), 1);
  relay.end();
  t.deepEqual(readdirSync(folder), ["rank-0001.json.gz"]);
  t.deepEqual([...readFileSync(join(folder, "rank-0001.json.gz"))], [2, 3]);
  t.throws(() => relay.take({ type: "trace", name: "../x.json.gz", last: true }, new Uint8Array(0), 1), {
    instanceOf: RangeError,
  });
});

test("traces of a host that is reached by ssh come the same way", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, "--epochs", "1", "--hosts", "node1:2,localhost", "--ssh", shim(folder, ":")];
  const { exitCode, stderr } = await new Launched(t, folder, [...argv, "--trace", "--run-dir", "out"]).ended;
  t.is(exitCode, 0, stderr);
  const { stdout } = await lockstep(folder, "trace", "out");
  t.regex(stdout, /^ +0 {2}node1 .*\n +1 {2}node1 .*\n +2 {2}localhost /m);
});

test("of processes that fail, the one that is to blame leaves its last steps", async (t) => {
  const folder = workplace(t);
  const argv = [
    ...TRAIN,
    "--ranks",
    "2",
    "--ranks-per-process",
    "1",
    "--epochs",
    "1",
    "--trace",
    "--run-dir",
    "out",
  ];
  const { exitCode } = await new Launched(t, folder, argv, { LOCKSTEP_FAULT: "throw:1:25" }).ended;
  t.is(exitCode, 1);
  const { stdout, stderr } = await lockstep(folder, "trace", "out");
  t.regex(stderr, /^warning: the run's status is failed/m);
  t.regex(stdout, /^ +1 {2}localhost/m);
});
