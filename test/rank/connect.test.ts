/** What a session makes of its links while they open: what must be equal, and that nothing is left when it fails meanwhile. */
import test from "ava";
import type { Dataset } from "../../src/data/dataset.ts";
import { mlp } from "../../src/nn/models.ts";
import { Session } from "../../src/rank/session.ts";
import type { SessionOptions } from "../../src/rank/session-options.ts";
import type { AbortReport, Transport } from "../../src/transport/transport.ts";
import { synthetic } from "../synthetic.ts";

type Connect = NonNullable<SessionOptions["connect"]>;

function open(connect: Connect, odd: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.open({
    ...{ model: mlp([16], "relu"), data: synthetic(), world: { self: 0, ranks: [1, 1] }, connect },
    ...{ fma: "auto", seed: 1, shuffle: true, timeoutMs: 5000, ...odd },
    training: { optimizer: "sgd", batch: 20, clipNorm: null, learningRate: 0.1, weightDecay: 0 },
  });
}

/** Ranks whose thread ends at once. */
const FAILING: SessionOptions["instrument"] = {
  script: new URL("data:text/javascript,throw new Error('no rank')"),
  extend: (job) => job,
};

test("links that are opening are given up when a rank fails, and the session waits for their end", async (t) => {
  let reason: unknown;
  const connect: Connect = (_digest, _inbox, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () =>
        setTimeout(() => {
          ({ reason } = signal);
          reject(signal.reason);
        }, 50),
      ),
    );
  const error = await t.throwsAsync(open(connect, { instrument: FAILING, allreduce: "exchange" }), {
    code: "rank-failed",
  });
  t.is(reason, error);
});

test("links that open when the session has failed are told why, and closed", async (t) => {
  const told: (AbortReport | "closed")[] = [];
  const late: Transport = {
    ...{ self: 0, peers: [1], send() {}, resume() {} },
    abort: (report) => void told.push(report),
    close: async () => void told.push("closed"),
  };
  const connect: Connect = (_digest, _inbox, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(late)));
  await t.throwsAsync(open(connect, { instrument: FAILING, allreduce: "exchange" }));
  const [report, end] = told;
  t.like(report, { code: "rank-failed", message: "rank 0 failed: no rank" });
  t.is(end, "closed");
});

test("processes compare both halves of the data", async (t) => {
  const digests: Record<string, string>[] = [];
  const data = synthetic();
  const otherTest: Dataset = { ...data, test: { ...synthetic(200, 50, 20, 9).test } };
  for (const one of [data, data, otherTest])
    await t.throwsAsync(
      open(
        async (digest) => {
          digests.push({ ...digest });
          throw new Error("enough");
        },
        { data: one },
      ),
      { message: "enough" },
    );
  const [first, same, other] = digests;
  t.deepEqual(same, first);
  t.deepEqual({ ...other, "test data": first["test data"] }, first);
  t.not(other["test data"], first["test data"]);
});
