import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Metrics, rewindMetrics } from "../../src/run/metrics.ts";

const root = mkdtempSync(join(tmpdir(), "lockstep-metrics-"));
test.after.always(() => rmSync(root, { recursive: true }));

const read = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test("every tenth step is recorded, in its epoch, however the steps arrive in pieces", (t) => {
  for (const piece of [1, 3, 10, 25, 100]) {
    const metrics = new Metrics(join(root, `pieces-${piece}`));
    for (let step = 1; step <= 60; step += piece) {
      const losses = Array.from({ length: Math.min(piece, 61 - step) }, (_, index) => step + index);
      metrics.steps(step, losses, losses, 25);
    }
    metrics.close();
    const records = read(metrics.path);
    t.deepEqual(
      records.map(({ step }) => step),
      [1, 10, 20, 30, 40, 50, 60],
    );
    t.deepEqual(
      records.map(({ epoch }) => epoch),
      [1, 1, 1, 2, 2, 2, 3],
    );
    t.deepEqual(
      records.map(({ loss }) => loss),
      records.map(({ step }) => step),
    );
  }
});

test("a loss that is not finite is null", (t) => {
  const metrics = new Metrics(join(root, "nan"));
  metrics.steps(1, [Number.NaN], [1], 25);
  metrics.close();
  t.is(read(metrics.path)[0].loss, null);
});

test("an epoch's record is on disk at once, and long runs are not kept in memory", (t) => {
  const metrics = new Metrics(join(root, "flush"));
  metrics.epoch({ epoch: 1 });
  t.is(read(metrics.path).length, 1);
  const many = new Float64Array(10_000).fill(0.25);
  metrics.steps(1, many, many, 1000);
  t.is(read(metrics.path).length, 1 + 1001);
  metrics.close();
});

test("a resumed run drops what it will record again, and a half line", (t) => {
  const path = join(root, "rewind");
  const lines = [
    '{"step":10,"epoch":1}',
    '{"epoch":1}',
    '{"step":20,"epoch":2}',
    '{"epoch":2}',
    '{"step":30,"epoch":3}',
    '{"st',
  ];
  writeFileSync(path, lines.join("\n"));
  rewindMetrics(path, 20, 1);
  t.is(readFileSync(path, "utf8"), `${lines.slice(0, 3).join("\n")}\n`);
});
