// How far apart two cores are: one word of shared memory goes back and forth between two threads.
import { Worker } from "node:worker_threads";
import { median } from "./measure.mjs";

const ROUNDS = 5;
const TRIPS_A_ROUND = 200_000;

/** Each thread waits for its parity and answers with the other; the one that begins measures. */
const PLAYER = `
  const { parentPort, workerData: { word, own, trips, rounds } } = require("node:worker_threads");
  const play = () => {
    for (let turn = own; turn < 2 * trips; turn += 2) {
      while (Atomics.load(word, 0) % (2 * trips) !== turn);
      Atomics.add(word, 0, 1);
    }
  };
  const took = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    play();
    took.push(((performance.now() - start) * 1e6) / trips);
  }
  parentPort.postMessage(took);
`;

/** Nanoseconds of a round trip between two threads, the median of some rounds after one that warms up. */
export async function roundTripNs() {
  const word = new Int32Array(new SharedArrayBuffer(64));
  const results = [0, 1].map((own) => {
    const workerData = { word, own, trips: TRIPS_A_ROUND, rounds: ROUNDS + 1 };
    const player = new Worker(PLAYER, { eval: true, workerData });
    return new Promise((resolve, reject) => player.once("message", resolve).once("error", reject));
  });
  const [took] = await Promise.all(results);
  return median(took.slice(1));
}
