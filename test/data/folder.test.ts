import { rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { InputError } from "../../src/base/errors.ts";
import { openFolder } from "../../src/data/folder.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type Files, idxBytes, tinyFiles, writeFiles } from "./tiny-idx.ts";

function folderOf(t: ExecutionContext, files: Files): string {
  const folder = temporaryFolder(t);
  writeFiles(folder, files);
  return folder;
}

function refused(t: ExecutionContext, changes: Files, code: string, message: RegExp): void {
  const folder = folderOf(t, { ...tinyFiles(), ...changes });
  const error = t.throws(() => openFolder(folder), { instanceOf: InputError });
  t.is(error.code, code);
  t.regex(error.message, message);
}

test("opens a folder of four IDX files", (t) => {
  const folder = folderOf(t, tinyFiles());
  const { name, shape, width, classes, train, test } = openFolder(folder);
  t.deepEqual({ name, shape, width, classes }, { name: folder, shape: [3, 2], width: 6, classes: 4 });
  t.deepEqual([train.count, test.count], [12, 5]);
  const images = new Uint8Array(30);
  const labels = new Uint8Array(5);
  test.readImages(images);
  test.readLabels(labels);
  t.deepEqual([...images], [...Array(30).keys()]);
  t.deepEqual([...labels], [3, 2, 1, 0, 0]);
});

test("files may be gzipped or spelt with a dot, each on its own", (t) => {
  const files = tinyFiles();
  const folder = folderOf(t, {
    "train-images.idx3-ubyte": files["train-images-idx3-ubyte"],
    "train-labels.idx1-ubyte.gz": gzipSync(files["train-labels-idx1-ubyte"]),
    "t10k-images-idx3-ubyte.gz": gzipSync(files["t10k-images-idx3-ubyte"]),
    "t10k-labels-idx1-ubyte": files["t10k-labels-idx1-ubyte"],
  });
  const { classes, train, test } = openFolder(folder, "mine");
  t.deepEqual([classes, train.count, test.count], [4, 12, 5]);
});

test("opening reads no image", (t) => {
  const folder = folderOf(t, tinyFiles());
  const { train } = openFolder(folder);
  rmSync(join(folder, "train-images-idx3-ubyte"));
  const error = t.throws(() => train.readImages(new Uint8Array(72)), { instanceOf: InputError });
  t.regex(error.message, /train-images-idx3-ubyte: it does not exist/);
});

test("every missing file is named", (t) => {
  const { "train-labels-idx1-ubyte": _, "t10k-images-idx3-ubyte": __, ...files } = tinyFiles();
  const folder = folderOf(t, files);
  const error = t.throws(() => openFolder(folder), { instanceOf: InputError });
  t.is(error.code, "dataset-file-missing");
  t.regex(error.message, /has no train-labels-idx1-ubyte, no t10k-images-idx3-ubyte \(nor with \.gz\)/);
  const absent = t.throws(() => openFolder(join(folder, "absent")), { instanceOf: InputError });
  t.regex(absent.message, /absent: it does not exist/);
});

test("images and labels that do not belong together are refused", (t) => {
  const labels = idxBytes([11], new Uint8Array(11));
  refused(
    t,
    { "train-labels-idx1-ubyte": labels },
    "idx-count-mismatch",
    /12 images, but .*train-labels.* 11 labels/,
  );
  const shape = idxBytes([5, 2, 3]);
  refused(t, { "t10k-images-idx3-ubyte": shape }, "idx-shape-mismatch", /t10k.* 2 × 3, but .*train.* 3 × 2/);
  refused(
    t,
    { "train-images-idx3-ubyte": idxBytes([12]) },
    "idx-rank",
    /train-images-idx3-ubyte has 1 dimensions/,
  );
});

test("a stray training label is named by file, item and value", (t) => {
  const labels = idxBytes([12], Uint8Array.of(0, 1, 2, 3, 0, 1, 255, 3, 0, 1, 2, 3));
  const stray = /item 6 of .*train-labels-idx1-ubyte has label 255, but no item has label 4/;
  refused(t, { "train-labels-idx1-ubyte": labels }, "label-out-of-range", stray);
});

test("a test label that training never saw is named by file, item and value", (t) => {
  const labels = idxBytes([5], Uint8Array.of(0, 1, 4, 3, 9));
  const stray = /item 2 of .*t10k-labels-idx1-ubyte has label 4, but the training labels end at 3/;
  refused(t, { "t10k-labels-idx1-ubyte": labels }, "label-out-of-range", stray);
});
