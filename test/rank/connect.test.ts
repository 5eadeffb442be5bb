/** What a session makes of its links while they open: what must be equal, and that nothing is left when it fails meanwhile. */
import test, { type ExecutionContext } from "ava";
import type { Dataset } from "../../src/data/dataset.ts";
import { mlp } from "../../src/nn/models.ts";
import type { Piece, Transfer } from "../../src/program/transfers.ts";
import { alone } from "../../src/program/world.ts";
import { digestOf } from "../../src/rank/digest.ts";
import { Session } from "../../src/rank/session.ts";
import type { SessionOptions } from "../../src/rank/session-options.ts";
import { differenceOf } from "../../src/transport/handshake.ts";
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

/** What a session's process would say of itself. */
async function digestWith(
  t: ExecutionContext,
  odd: Partial<SessionOptions>,
): Promise<Record<string, string>> {
  let digest = {};
  const connect: Connect = async (told) => {
    digest = { ...told };
    throw new Error("enough");
  };
  await t.throwsAsync(open(connect, odd), { message: "enough" });
  return digest;
}

test("processes compare both halves of the data", async (t) => {
  const data = synthetic();
  const otherTest: Dataset = { ...data, test: { ...synthetic(200, 50, 20, 9).test } };
  const first = await digestWith(t, { data });
  const other = await digestWith(t, { data: otherTest });
  t.deepEqual(await digestWith(t, { data }), first);
  t.deepEqual({ ...other, "test data": first["test data"] }, first);
  t.not(other["test data"], first["test data"]);
});

const STAGES = { gangs: 2, slices: 1, microBatches: 4, schedule: "1f1b" } as const;

/** What one process has otherwise than another with two stages, and how the greeting says it first. */
const ODD: [name: string, odd: Partial<SessionOptions>, message: RegExp][] = [
  [
    "another schedule",
    { pipeline: { ...STAGES, schedule: "zero-bubble" } },
    /^schedule differs: 1f1b here, zero-bubble there$/,
  ],
  [
    "other micro-batches",
    { pipeline: { ...STAGES, microBatches: 5 } },
    /^micro-batches differs: 4 here, 5 there;/,
  ],
  [
    "slices for stages",
    { pipeline: { ...STAGES, gangs: 1, slices: 2 } },
    /^layout differs: dp=1,tp=1,pp=2 here, dp=1,tp=2,pp=1 there;/,
  ],
  ["replicas", { pipeline: undefined }, /^layout differs: dp=1,tp=1,pp=2 here, dp=2,tp=1,pp=1 there;/],
];

for (const [name, odd, message] of ODD)
  test(`a process that has ${name} is refused by name when it is greeted`, async (t) => {
    const [own, other] = [
      await digestWith(t, { pipeline: STAGES }),
      await digestWith(t, { pipeline: STAGES, ...odd }),
    ];
    t.regex(String(differenceOf(own, new Map(Object.entries(other)))?.message), message);
    t.is(differenceOf(own, new Map(Object.entries(own))), null);
  });

test("processes compare all that says where a transfer lies and when it may come", async (t) => {
  const session = await Session.open({
    ...{ model: mlp([16], "relu"), data: synthetic(), world: alone(1), pipeline: undefined },
    ...{ fma: "auto", seed: 1, shuffle: true, timeoutMs: 5000 },
    training: { optimizer: "sgd", batch: 20, clipNorm: null, learningRate: 0.1, weightDecay: 0 },
  });
  const { forms, layout, compiled, tensors } = session;
  const piece: Piece = {
    name: "a",
    base: 0,
    rowBytes: 64,
    rows: "batch",
    columns: { firstByte: 0, bytes: 32 },
  };
  const transfer: Transfer = {
    ...{ id: 0, sender: 0, receivers: [1], phase: 0, pieces: [piece], parts: 1, next: -1, allreduce: null },
  };
  const of = (changes: Partial<Transfer>) =>
    digestOf(
      {
        ...{ forms, compiled, tensors, dataSha256: () => "d" },
        layout: { ...layout, transfers: [{ ...transfer, ...changes }] },
      },
      { seed: 1, shuffle: true, world: alone(1), training: null },
    ).transfers;
  const others: Partial<Transfer>[] = [
    { phase: 1 },
    { parts: 2 },
    { next: 0 },
    { sender: 1 },
    { pieces: [{ ...piece, columns: undefined }] },
    { pieces: [{ ...piece, columns: { firstByte: 32, bytes: 32 } }] },
    { pieces: [{ ...piece, rows: { first: 0, count: 3 } }] },
  ];
  for (const other of others) t.not(of(other), of({}), JSON.stringify(other));
  // Where a tensor lies is each process's own.
  t.is(of({ pieces: [{ ...piece, base: 64 }] }), of({}));
  await session.close();
});
