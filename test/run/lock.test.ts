import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { RunFolder } from "../../src/run/folder.ts";
import { lockRun } from "../../src/run/lock.ts";
import { placeAt } from "../../src/run/place.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const LOCK = new URL("../../src/run/lock.js", import.meta.url).href;
/** Takes the lock at a given moment, says so or why not, and keeps it while stdin is open. */
const TAKER = `
  import { lockRun } from ${JSON.stringify(LOCK)};
  const [folder, at] = process.argv.slice(1);
  while (Date.now() < Number(at));
  try { lockRun(folder); console.log("mine"); } catch (error) { console.log(error.code); }
  process.stdin.on("data", () => {}).on("end", () => process.exit());
`;

/** What each of `count` processes gets that want the lock at the same moment. */
async function race(folder: string, count: number): Promise<string[]> {
  const at = String(Date.now() + 700);
  const takers = Array.from({ length: count }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", TAKER, folder, at], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const answers = await Promise.all(
    takers.map(async ({ stdout }) => String((await once(stdout, "data"))[0]).trim()),
  );
  for (const { stdin } of takers) stdin.end();
  await Promise.all(takers.map((taker) => once(taker, "close")));
  return answers.sort();
}

for (const [name, left] of [
  ["nobody holds", null],
  ["a dead process has left", { host: "HOST", pid: 2 ** 22 + 1, startTicks: 1 }],
] as const)
  test(`of processes that want at once a lock that ${name}, one gets it`, async (t) => {
    const folder = temporaryFolder(t);
    const host = execFileSync("hostname", { encoding: "utf8" }).trim();
    for (let round = 0; round < 3; round++) {
      if (left) writeFileSync(join(folder, "lock"), JSON.stringify({ ...left, host }));
      t.deepEqual(await race(folder, 4), ["mine", "run-in-use", "run-in-use", "run-in-use"]);
      t.deepEqual(readdirSync(folder), ["lock"], "its holder died with it");
    }
  });

test("a lock is held until it is given back, and names its holder", (t) => {
  const folder = temporaryFolder(t);
  const unlock = lockRun(folder);
  t.like(JSON.parse(readFileSync(join(folder, "lock"), "utf8")), { pid: process.pid });
  const error = t.throws(() => lockRun(folder), { code: "run-in-use" });
  t.is(error?.message, `${folder} is being trained by process ${process.pid}`);
  unlock();
  t.deepEqual(readdirSync(folder), []);
  lockRun(folder)();
});

test("a lock that says nothing is held while it is young, then taken over; so is one that makes no sense", (t) => {
  const folder = temporaryFolder(t);
  const lock = join(folder, "lock");
  writeFileSync(lock, "");
  t.throws(() => lockRun(folder), { code: "run-in-use", message: /another process$/ });
  utimesSync(lock, 1, 1);
  lockRun(folder)();
  for (const text of ["{", "null", "3", '{"pid":-1}']) {
    writeFileSync(lock, text);
    lockRun(folder)();
  }
  writeFileSync(lock, "null");
  writeFileSync(join(folder, "lock.takeover"), "null");
  lockRun(folder)();
  t.deepEqual(readdirSync(folder), []);
});

test("a new run whose folder another process took first leaves the other's files alone", (t) => {
  const path = join(temporaryFolder(t), "out");
  const place = placeAt(path);
  const other = RunFolder.create(place, "batch: 1\n", []);
  t.throws(() => RunFolder.create({ path, made: [] }, "batch: 2\n", []), { code: "run-in-use" });
  t.throws(() => RunFolder.reopen(path, "batch: 2\n", [], { step: 0, epoch: 0 }), { code: "run-in-use" });
  t.is(readFileSync(join(path, "config.yaml"), "utf8"), "batch: 1\n");
  other.finish("ok", 1, {});
  t.false(existsSync(join(path, "lock")));
});
