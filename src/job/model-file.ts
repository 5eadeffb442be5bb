/** Loads a model file, the user's own code: `lockstep` is found from it, wherever it lies. */
import * as nodeModule from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InputError } from "../base/errors.ts";
import { describeThrown } from "../base/user-frame.ts";
import type { Tensor } from "../graph/tensor.ts";
import { callModel } from "../nn/call-model.ts";
import type { Model } from "../nn/models.ts";

const INDEX = new URL("../index.js", import.meta.url).href;
/** The folder of the package, which a user may install: above build/src/cli. */
const PACKAGE = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/**
 * The default export of the file at `path`. Throws an InputError on a file that cannot be loaded or exports
 * no model function.
 */
export async function loadModel(path: string): Promise<Model> {
  const fromHere = relative(process.cwd(), path);
  const file = fromHere.length < path.length ? fromHere : path;
  const { default: exported } = await load(path, file);
  if (typeof exported !== "function") {
    throw new InputError(
      "bad-model",
      `${file} has no model function as its default export`,
      "write `export default (x, classes) => linear(relu(linear(x, 128)), classes)`",
    );
  }
  return (x: Tensor, classes: number) => callModel(exported as Model, x, classes, file);
}

async function load(path: string, file: string): Promise<{ default?: unknown }> {
  findLockstep();
  try {
    return await withoutLooseEnds(import(pathToFileURL(path).href));
  } catch (thrown) {
    const unfound = /^Cannot find package 'lockstep'/.test((thrown as Error | undefined)?.message ?? "");
    throw new InputError(
      "bad-model",
      `${file} cannot be loaded: ${describeThrown(thrown)}`,
      unfound
        ? `install Lockstep beside it: cd ${dirname(resolve(path))} && npm install ${PACKAGE}`
        : `\`node ${file}\` shows where`,
      thrown,
    );
  }
}

/** Loads to the end, and one turn on: a promise that was rejected meanwhile, and that nobody heard, fails the loading. */
async function withoutLooseEnds<T>(loading: Promise<T>): Promise<T> {
  let fail: (thrown: unknown) => void = () => {};
  const uncaught = new Promise<never>((_, reject) => {
    fail = reject;
  });
  process.on("uncaughtException", fail).on("unhandledRejection", fail);
  try {
    const loaded = await Promise.race([loading, uncaught]);
    await Promise.race([new Promise((next) => setImmediate(next)), uncaught]);
    return loaded;
  } finally {
    process.off("uncaughtException", fail).off("unhandledRejection", fail);
  }
}

type Resolve = (
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => unknown,
) => unknown;
let hooked = false;

/** From here on, `lockstep` is this one where no other is installed. Node has such hooks from 22.15 on. */
function findLockstep(): void {
  const { registerHooks } = nodeModule as { registerHooks?: (hooks: { resolve: Resolve }) => unknown };
  if (registerHooks === undefined || hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (thrown) {
        if (specifier !== "lockstep") throw thrown;
        return { url: INDEX, shortCircuit: true };
      }
    },
  });
}
