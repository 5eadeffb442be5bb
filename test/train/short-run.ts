/** A run of 21 steps, for the tests of taking up, cutting off and refusing. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../src/base/config.ts";
import { type Checkpoint, readCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import type { TrainOptions, TrainResult } from "../../src/job/options.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { synthetic } from "../synthetic.ts";

export const data = synthetic(203, 50);
/** Three epochs of seven steps, the last of which is short. */
export const BASE = { hidden: [19], activation: "relu", batch: 32, epochs: 3, lr: 0.1, ranks: 2 } as const;
export type Changes = Partial<Settings>;

export function run(changes: Changes, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
  const settings = { ...BASE, ...changes };
  return train({ model: mlp(settings.hidden, settings.activation), data, settings, ...options });
}

/** The newest checkpoint in a folder. */
export function newest(folder: string): Checkpoint {
  return readCheckpoint(join(folder, readdirSync(folder).sort().at(-1) as string));
}

/** All but the times, which no two runs share. */
export const untimed = ({ epochs }: Pick<TrainResult, "epochs">) =>
  epochs.map(({ epoch, trainLoss, testLoss, testAccuracy }) => ({
    epoch,
    trainLoss,
    testLoss,
    testAccuracy,
  }));
