/** What labels must be: every class from 0 to the highest occurs in training, and none above it in the test set. */
import { InputError } from "../base/errors.ts";

/**
 * The number of classes: 1 + the highest of the training labels. A class that never occurs below that is the sign of a
 * stray label, and an InputError names the first item above the gap.
 */
export function classesOf(labels: Uint8Array, path: string): number {
  const occurs = new Array<boolean>(256).fill(false);
  for (const label of labels) occurs[label] = true;
  const gap = occurs.indexOf(false);
  if (gap < 0) return 256;
  if (occurs.lastIndexOf(true) < gap) return gap;
  const item = labels.findIndex((label) => label > gap);
  throw new InputError(
    "label-out-of-range",
    `label out of range: item ${item} of ${path} has label ${labels[item]}, but no item has label ${gap}`,
    "labels must be 0, 1, 2 … without a gap: repair that file",
  );
}

/** Throws an InputError that names the first label of `classes` or above. */
export function refuseAbove(labels: Uint8Array, classes: number, path: string): void {
  const item = labels.findIndex((label) => label >= classes);
  if (item < 0) return;
  throw new InputError(
    "label-out-of-range",
    `label out of range: item ${item} of ${path} has label ${labels[item]}, but the training labels end at ${classes - 1}`,
    "use the training and test files of one data set",
  );
}
