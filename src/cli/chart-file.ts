/** The picture of a benchmark: asked for before it runs, written when it has. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomically, writeFully } from "../base/atomic-file.ts";
import { InputError } from "../base/errors.ts";
import { writeError } from "../base/file-error.ts";

/** Throws what would keep a file from being written at `path`, before a minute's work is lost to it. */
export function checkChartFile(path: string): void {
  if (path === "")
    throw new InputError("empty-argument", "--svg is empty", "name a file, such as --svg kernels.svg");
  try {
    accessSync(dirname(path), constants.W_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw Object.assign(new Error("a folder"), { code: "EISDIR" });
  } catch (thrown) {
    throw writeError(path, thrown);
  }
}

export function writeChart(path: string, svg: string): void {
  writeAtomically(path, (descriptor) => writeFully(descriptor, Buffer.from(svg, "utf8")));
}
