/** A process of its own for start.test.ts: a training that fails in the way that is asked for; it must then end by itself. */
import { rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";
import { LockstepError } from "../../src/base/errors.ts";
import { mlp } from "../../src/nn/models.ts";
import { synthetic } from "../synthetic.ts";

const [how, folder] = process.argv.slice(2);
const data = synthetic(203, 50);

/** The system gives two threads, and no more. */
function refuseThirdThread(): void {
  let started = 0;
  threads.Worker = class extends threads.Worker {
    constructor(...args: ConstructorParameters<typeof threads.Worker>) {
      if (++started > 2) throw new Error("ERR_WORKER_INIT_FAILED: EAGAIN");
      super(...args);
    }
  };
  syncBuiltinESMExports();
}

function brokenHalf(): typeof data.train {
  return {
    ...data.train,
    readLabels() {
      throw new Error("the labels are gone");
    },
  };
}

if (how === "threads") refuseThirdThread();
// Only now: the ranks' side takes its Worker when it is loaded.
const { train } = await import("../../src/train.ts");
try {
  await train({
    model: mlp([16], "relu"),
    data: how === "data" ? { ...data, train: brokenHalf() } : data,
    settings: { ranks: 4, batch: 32, epochs: 3 },
    checkpointFolder: folder,
    observer: { epoch: () => how === "folder" && rmSync(folder, { recursive: true }) },
  } as Parameters<typeof train>[0]);
} catch (thrown) {
  const error = thrown instanceof LockstepError ? { kind: thrown.name, ...thrown.toJSON() } : String(thrown);
  process.stdout.write(JSON.stringify(error));
}
