import { Worker } from "node:worker_threads";
import test from "ava";
import { AdderQueue, adderWords, sumAsPosted } from "../../src/bench/adder.ts";
import { createMemory } from "../../src/kernels/memory.ts";

const BUFFER = 1024;

test("an adder on another thread sums what is posted, in order, round its queue", async (t) => {
  const memory = createMemory(65536);
  const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(3)));
  const module = new URL("../../src/bench/adder.js", import.meta.url).href;
  const worker = new Worker(
    `const { workerData: { words, memory, module } } = require("node:worker_threads");
     const floats = new Float32Array(memory.buffer);
     const add = (to, left, right, count) => {
       for (let i = 0; i < count; i++) floats[to / 4 + i] = floats[left / 4 + i] + floats[right / 4 + i];
     };
     import(module).then(({ sumAsPosted }) => sumAsPosted(words, { add }, 10));`,
    { eval: true, workerData: { words, memory, module } },
  );
  const left = new Promise((resolve) => worker.once("exit", resolve));
  const floats = new Float32Array(memory.buffer, BUFFER, 8).fill(1);
  const heard: number[] = [];
  await new Promise<void>((resolve) => {
    const queue = new AdderQueue(words);
    const post = (item: number) =>
      queue.post(BUFFER, BUFFER, BUFFER + 16, 4, () => {
        heard.push(item);
        if (heard.length < 20) post(heard.length + 1);
        if (heard.length === 21) resolve(queue.leave());
      });
    post(0);
    post(1);
  });
  await left;
  t.deepEqual(
    heard,
    Array.from({ length: 21 }, (_, i) => i),
  );
  t.deepEqual([...floats], [22, 22, 22, 22, 1, 1, 1, 1]);
});

test("who is told to leave does so without summing", (t) => {
  const words = new Int32Array(new SharedArrayBuffer(4 * adderWords(1)));
  new AdderQueue(words).leave();
  sumAsPosted(words, { add: () => t.fail() }, 1);
  t.pass();
});
