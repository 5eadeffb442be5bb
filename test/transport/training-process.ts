/** One process of several that train together, for training.test.ts: told by its parent what to do, it tells what came of it. */
import { LockstepError } from "../../src/base/errors.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { Links } from "../../src/transport/links.ts";
import { synthetic } from "../synthetic.ts";
import type { ProcessOrder, ProcessOutcome } from "./training-order.ts";

process.once("message", async (order: ProcessOrder) => {
  const { self, ranks, addresses, security, settings, key, stopsAfter = Number.POSITIVE_INFINITY } = order;
  const stop = new AbortController();
  let outcome: ProcessOutcome;
  const names = ranks.map((_, index) => `process ${index}`);
  try {
    const { status, epochs, weightsSha256, steps } = await train({
      model: mlp([37, 53], settings.activation ?? "relu"),
      data: synthetic(330, 60, 40, 7),
      settings,
      signal: stop.signal,
      observer: { epoch: ({ epoch }) => epoch >= stopsAfter && stop.abort() },
      world: {
        ...{ self, ranks, hosts: ranks.map(() => "localhost") },
        connect: (digest, inbox) =>
          Links.open({
            ...{ self, names, run: 7n, runKey: Buffer.from(key, "hex"), security, digest, inbox },
            addresses: new Map(addresses),
          }),
      },
    });
    outcome = { status, weightsSha256, steps, losses: epochs.map(({ trainLoss }) => trainLoss), error: null };
  } catch (thrown) {
    const error = thrown instanceof LockstepError ? thrown.toJSON() : { message: String(thrown) };
    outcome = { status: "failed", weightsSha256: null, steps: 0, losses: [], error };
  }
  process.send?.(outcome);
  process.disconnect?.();
});
