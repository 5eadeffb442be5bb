import { readdirSync } from "node:fs";
import test from "ava";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const data = synthetic(203, 50);
const model = mlp([16], "relu");
const settings = { batch: 32, epochs: 3, ranks: 2, lr: 1e38 };

test("a step whose loss is no number is the last: nonfinite, and no checkpoint", async (t) => {
  const folder = temporaryFolder(t);
  const losses: number[] = [];
  const observer = { losses: (_first: number, some: readonly number[]) => void losses.push(...some) };
  const result = await train({ model, data, settings, checkpointFolder: folder, observer });
  t.is(result.status, "nonfinite");
  t.is(losses.length, result.steps);
  t.deepEqual(losses.map(Number.isFinite), [...Array(result.steps - 1).fill(true), false]);
  t.deepEqual(result.epochs, []);
  t.deepEqual(readdirSync(folder), []);
});

test("an evaluation whose loss is no number ends the run too: nonfinite, and no checkpoint", async (t) => {
  const folder = temporaryFolder(t);
  const cut = { ...settings, maxSteps: 1 };
  const result = await train({ model, data, settings: cut, checkpointFolder: folder });
  t.is(result.status, "nonfinite");
  t.is(result.steps, 1);
  t.deepEqual(readdirSync(folder), []);
});
