/** The ring of the last transfers: what it keeps, and that a thread that did not write it can read it. */
import { Worker } from "node:worker_threads";
import test from "ava";
import { FlightRecorder, flightLines, IN, OUT, readFlights } from "../../src/profile/flight-recorder.ts";

test("the ring keeps the last transfers, oldest first, with what each came to", (t) => {
  const recorder = new FlightRecorder(3);
  t.deepEqual(readFlights(recorder.shared), []);
  const numbers = [1, 2, 3, 4, 5].map((channel) =>
    recorder.begin(
      channel % 2 === 0 ? OUT : IN,
      channel + 10,
      0xffff_fff0 + channel,
      channel,
      channel * 2 ** 30,
    ),
  );
  recorder.done(numbers[0]);
  recorder.done(numbers[3]);
  const flights = readFlights(recorder.shared);
  t.deepEqual(
    flights.map(({ number, way, peer, channel, bytes, done }) => [
      number,
      way,
      peer,
      channel,
      bytes,
      done !== null,
    ]),
    [
      [3, "in", 13, 0xffff_fff3, 3 * 2 ** 30, false],
      [4, "out", 14, 0xffff_fff4, 4 * 2 ** 30, true],
      [5, "in", 15, 0xffff_fff5, 5 * 2 ** 30, false],
    ],
  );
  t.regex(flightLines(recorder.shared), /^(\{"number":\d,"way":"(in|out)",.*\}\n){3}$/);
});

test("a thread reads the ring of another that is stuck", async (t) => {
  const recorder = new FlightRecorder();
  recorder.begin(OUT, 1, 2, 3, 4);
  const module = new URL("../../src/profile/flight-recorder.js", import.meta.url).href;
  const source = `import(${JSON.stringify(module)}).then(({ readFlights }) => {
    const { parentPort, workerData } = require("node:worker_threads");
    parentPort.postMessage(readFlights(workerData)); })`;
  const worker = new Worker(source, { eval: true, workerData: recorder.shared });
  const flights = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  t.like((flights as object[])[0], {
    number: 1,
    way: "out",
    peer: 1,
    channel: 2,
    sequence: 3,
    bytes: 4,
    done: null,
  });
});
