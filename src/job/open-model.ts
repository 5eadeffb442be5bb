/** The model that the settings name: the multi-layer perceptron, or the default export of a file. */
import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Settings } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { type Model, mlp } from "../nn/models.ts";
import { loadModel } from "./model-file.ts";

/** Throws an InputError on an unknown name, and on a file that cannot be loaded or exports no model function. */
export async function openModel({ model, hidden, activation }: Settings): Promise<Model> {
  if (model === "mlp") return mlp(hidden, activation);
  if (!/\.[mc]?[jt]s$/.test(model)) {
    const near = nearest(basename(model), ["mlp", "resnet20"]);
    const fix =
      near === null ? "use mlp, or a .js or .ts file that exports a model function" : `did you mean ${near}?`;
    throw new InputError("unknown-model", `${model} is not a model`, fix);
  }
  if (!statSync(model, { throwIfNoEntry: false })?.isFile()) {
    throw new InputError(
      "unknown-model",
      `the model file ${model} does not exist`,
      "check the path, or use --model mlp",
    );
  }
  if (/ts$/.test(model) && !stripsTypes()) {
    throw new InputError(
      "model-needs-javascript",
      `Node ${process.versions.node} does not run TypeScript, and ${model} is`,
      "compile it to .js, or use Node 22.18 or newer",
    );
  }
  return loadModel(model);
}

function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}
