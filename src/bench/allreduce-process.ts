/** A process of an allreduce benchmark over links: its main thread moves bytes, its one rank sums. */
import { Worker } from "node:worker_threads";
import { LockstepError } from "../base/errors.ts";
import { compileKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { Arena } from "../program/arena.ts";
import { Links } from "../transport/links.ts";
import { AdderQueue, adderWords } from "./adder.ts";
import type { AdderJob } from "./adder-worker.ts";
import { type AllreduceCase, listsOfCase } from "./allreduce-case.ts";
import { checkSum, fillInput } from "./exact-sums.ts";
import { LinkExecutor, type PostSum } from "./link-executor.ts";
import type { ProcessMessage, ProcessOrder } from "./process-order.ts";
import { reserveApart } from "./roofs.ts";
import { SamplingPlan, sampleInTurns } from "./sampling-plan.ts";
import { TeamInbox } from "./team-inbox.ts";

/** A shorter sum takes less than waking the rank for it, so the main thread makes it. */
const OWN_SUM_FLOATS = Number(process.env.OWN_SUM ?? 16384);

interface Prepared {
  readonly one: AllreduceCase;
  readonly list: ReturnType<typeof listsOfCase>[number];
  readonly addresses: { readonly buffer: number; readonly scratch: number };
  readonly endBytes: number;
}

function prepare(one: AllreduceCase, self: number): Prepared {
  const list = listsOfCase(one)[self];
  const arena = new Arena();
  const addresses = {
    buffer: reserveApart(arena, one.bytes),
    scratch: reserveApart(arena, 4 * list.scratchCount),
  };
  return { one, list, addresses, endBytes: arena.endBytes };
}

async function work(order: ProcessOrder, tell: (message: ProcessMessage) => void): Promise<void> {
  const { self, processes, key, security, addresses, budgetMs } = order;
  const cases = order.cases.map((one) => prepare(one, self));
  const { module } = compileKernels("auto");
  const memory = createMemory(Math.max(...cases.map(({ endBytes }) => endBytes)));
  const kernels = instantiateKernels(module, memory);
  const inbox = new TeamInbox();
  const transport = await Links.open({
    ...{ self, security, inbox, run: 1n, runKey: Buffer.from(key, "hex"), digest: {} },
    names: Array.from({ length: processes }, (_, process) => `process ${process}`),
    addresses: new Map(addresses),
  });
  const sums = Math.max(...cases.map(({ list }) => list.actions.length));
  const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(sums + 1)));
  const queue = new AdderQueue(words, (item) => inbox.executor?.complete(item));
  const job: AdderJob = { kernels: module, memory, words };
  const adder = new Worker(new URL("./adder-worker.js", import.meta.url), { workerData: job });
  const post: PostSum = (item, to, left, right, count) => {
    if (count > OWN_SUM_FLOATS) return queue.post(item, to | 0, left | 0, right | 0, count);
    kernels.add(to | 0, left | 0, right | 0, count);
    inbox.executor?.complete(item);
  };
  let execution = 0;
  for (const { one, list, addresses } of cases) {
    const executor = new LinkExecutor(list, { memory, addresses }, transport, post, execution);
    inbox.executor = executor;
    transport.resume();
    const buffer = new Float32Array(memory.buffer, addresses.buffer, one.bytes / 4);
    const call = () => Promise.race([executor.run(), inbox.failure]);
    const prove = async () => {
      fillInput(buffer, self);
      await call();
      checkSum(buffer, processes, `${one.algorithm}, ${one.transport}, ${one.bytes} bytes, rank ${self}`);
    };
    await prove();
    buffer.fill(0);
    const plan = self === 0 ? new SamplingPlan(budgetMs) : null;
    await sampleInTurns(call, (calls) => inbox.agree(transport, calls), plan);
    await prove();
    execution = executor.execution;
    if (plan !== null)
      tell({ type: "measured", times: plan.times, sentBytes: transport.statistics.bytesSent });
  }
  queue.leave();
  await Promise.all([transport.close(), new Promise((resolve) => adder.once("exit", resolve))]);
}

function failure(thrown: unknown): ProcessMessage {
  const { code, message, fix } =
    thrown instanceof LockstepError
      ? thrown
      : { code: "internal", message: String(thrown), fix: "please report it" };
  return { type: "failed", code, message, fix };
}

// Who started this is gone: nobody hears of it any more.
process.on("disconnect", () => process.exit(1));
process.once("message", (order: ProcessOrder) => {
  const tell = (message: ProcessMessage) => process.send?.(message);
  work(order, tell).then(
    () => process.exit(0),
    (thrown) => process.send?.(failure(thrown), () => process.exit(1)),
  );
});
