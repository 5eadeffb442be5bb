/** A data set in a folder of four IDX files, as MNIST and its many relatives are published; plain or gzipped. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../base/errors.ts";
import { readError } from "../base/file-error.ts";
import type { Dataset, Split } from "./dataset.ts";
import { type IdxFile, openIdx } from "./idx.ts";
import { classesOf, refuseAbove } from "./labels.ts";

/** The four roles, in the order in which a missing one is named. `.` may stand for the `-` before `idx`. */
const ROLES = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] as const;
type Role = (typeof ROLES)[number];

/**
 * Opens the data set in `folder`: reads the headers and the labels, no image. `name` is what the user called it.
 * Throws an InputError that names the file on anything that does not fit.
 */
export function openFolder(folder: string, name: string = folder): Dataset {
  const paths = findFiles(folder);
  const [train, trainLabels] = openHalf(paths["train-images-idx3"], paths["train-labels-idx1"]);
  const [test, testLabels] = openHalf(paths["t10k-images-idx3"], paths["t10k-labels-idx1"]);
  const shape = train.dimensions.slice(1);
  if (test.dimensions.slice(1).join() !== shape.join()) {
    const found = `${test.path} has images of ${test.dimensions.slice(1).join(" × ")}`;
    const expected = `${train.path} has images of ${shape.join(" × ")}`;
    throw new InputError(
      "idx-shape-mismatch",
      `${found}, but ${expected}`,
      "use training and test files of one data set",
    );
  }
  const classes = classesOf(trainLabels, paths["train-labels-idx1"]);
  refuseAbove(testLabels, classes, paths["t10k-labels-idx1"]);
  const width = shape.reduce((all, one) => all * one, 1);
  return { name, shape, width, classes, train: split(train, trainLabels), test: split(test, testLabels) };
}

function openHalf(imagesPath: string, labelsPath: string): [images: IdxFile, labels: Uint8Array] {
  const images = openIdx(imagesPath, 3);
  const labels = openIdx(labelsPath, 1);
  if (images.dimensions[0] !== labels.dimensions[0]) {
    const found = `${imagesPath} has ${images.dimensions[0]} images, but ${labelsPath} has ${labels.dimensions[0]} labels`;
    throw new InputError("idx-count-mismatch", found, "use the images and labels of one data set");
  }
  const bytes = new Uint8Array(labels.bytes);
  labels.read(bytes);
  return [images, bytes];
}

function split(images: IdxFile, labels: Uint8Array): Split {
  return {
    count: labels.length,
    readImages: (into) => images.read(into),
    readLabels: (into) => into.set(labels),
  };
}

/** The path of each role's file; a plain file is preferred to a gzipped one. */
function findFiles(folder: string): Record<Role, string> {
  let names: Set<string>;
  try {
    names = new Set(readdirSync(folder));
  } catch (thrown) {
    throw readError(folder, thrown);
  }
  const found = ROLES.map((role) => spellings(role).find((spelling) => names.has(spelling)));
  const missing = ROLES.filter((_, i) => found[i] === undefined).map((role) => `${role}-ubyte`);
  if (missing.length > 0) {
    const message = `the data folder ${folder} has no ${missing.join(", no ")} (nor with .gz)`;
    throw new InputError(
      "dataset-file-missing",
      message,
      `put ${ROLES.map((role) => `${role}-ubyte`).join(", ")} there`,
    );
  }
  return Object.fromEntries(ROLES.map((role, i) => [role, join(folder, found[i]!)])) as Record<Role, string>;
}

function spellings(role: Role): string[] {
  const dashed = `${role}-ubyte`;
  const dotted = dashed.replace("-idx", ".idx");
  return [dashed, dotted, `${dashed}.gz`, `${dotted}.gz`];
}
