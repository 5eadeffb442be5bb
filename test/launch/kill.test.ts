import { readdirSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { workplace } from "../cli/child.ts";
import { Launched, processesOf, type Running, TRAIN, temporary } from "./stories.ts";

const HOSTS = ["--hosts", "localhost:1,127.0.0.1:1,[::1]:1"];
/** From the start of processes into the first hundreds of steps. */
const LAST_INSTANT_MS = 900;

const isProcess = ({ command }: Running) => /lockstep process|launch\/process/.test(command);

test.serial("a process that is killed at any instant is named, and everybody is gone", async (t) => {
  t.timeout(110_000);
  const folder = workplace(t);
  const instants = fc.sample(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: LAST_INSTANT_MS })), {
    numRuns: 8,
    seed: 4,
  });
  for (const [victim, afterMs] of instants) {
    const argv = [
      ...TRAIN,
      "--epochs",
      "100000",
      "--json",
      ...HOSTS,
      "--run-dir",
      `out-${victim}-${afterMs}`,
    ];
    const launched = new Launched(t, folder, argv);
    let found: Running[] = [];
    while (found.length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      found = (await processesOf(folder)).filter(isProcess);
    }
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    process.kill(found.sort((a, b) => a.pid - b.pid)[victim].pid, "SIGKILL");
    const killedMs = performance.now();
    const { exitCode, stderr, objects } = await launched.ended;
    const note = `process ${victim} after ${afterMs} ms: ${stderr}`;
    t.is(exitCode, 1, note);
    t.like(objects.at(-1)?.error, { code: "process-killed", rank: victim }, note);
    t.true(stderr.includes(`process ${victim} (rank ${victim} on `), note);
    t.deepEqual(await processesOf(folder), [], note);
    t.deepEqual(readdirSync(temporary(folder)), [], note);
    t.log(`process ${victim} after ${afterMs} ms: gone in ${Math.round(performance.now() - killedMs)} ms`);
  }
});

test.serial("a process that is stopped for ever is named, and everybody is gone", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, "--epochs", "1000000", "--json", ...HOSTS, "--run-dir", "out"];
  const launched = new Launched(t, folder, argv);
  await launched.trains("out");
  const found = (await processesOf(folder)).filter(isProcess).sort((a, b) => a.pid - b.pid);
  process.kill(found[1].pid, "SIGSTOP");
  const { exitCode, stderr, objects } = await launched.ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { rank: 1 }, stderr);
  t.regex(stderr, /process 1 \(rank 1 on 127\.0\.0\.1\) has said nothing for 15 s/);
  t.deepEqual(await processesOf(folder), []);
});

test.serial("a process that is stopped for three seconds is waited for", async (t) => {
  const folder = workplace(t);
  const argv = [...TRAIN, "--epochs", "2000", "--json", ...HOSTS, "--run-dir", "out"];
  const launched = new Launched(t, folder, argv);
  await launched.trains("out");
  const found = (await processesOf(folder)).filter(isProcess).sort((a, b) => a.pid - b.pid);
  process.kill(found[2].pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  process.kill(found[2].pid, "SIGCONT");
  launched.process.kill("SIGINT");
  const { exitCode, stderr, objects } = await launched.ended;
  t.is(exitCode, 130, stderr);
  t.like(objects.at(-1), { status: "interrupted" });
});
