/** The ring of the last transfers: what it keeps, and that a thread that did not write it can read it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import { FlightRecorder, IN, OUT } from "../../src/profile/flight-recorder.ts";
import { readFlights, type WrittenFlight, writeFlights } from "../../src/profile/flight-report.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("the ring keeps the last transfers, oldest first, with what each came to", (t) => {
  const recorder = new FlightRecorder({ capacity: 3, step: () => 8 });
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
  const path = join(temporaryFolder(t), "flight-1.json");
  const log = { shared: recorder.shared, process: 1, name: "process 1 (host b)", operations: ["a"] };
  recorder.begin(OUT, 0, 0, 0, 4);
  recorder.begin(OUT, 0, 1, 0, 4);
  writeFlights(path, log, "rank 1 failed");
  const { writtenAt, flights: written, ...head } = JSON.parse(readFileSync(path, "utf8"));
  t.deepEqual(head, { process: 1, name: "process 1 (host b)", why: "rank 1 failed" });
  t.regex(writtenAt, /^\d{4}-.*Z$/);
  t.deepEqual(
    written.map(({ what }: WrittenFlight) => what),
    ["measuring of the links", "a", "unknown channel 1"],
  );
  t.deepEqual(
    written.map(({ what, ...flight }: WrittenFlight) => flight),
    readFlights(recorder.shared),
  );
  t.true(flights.every(({ step }) => step === 8));
});

test("a thread reads the ring of another that is stuck", async (t) => {
  const recorder = new FlightRecorder();
  recorder.begin(OUT, 1, 2, 3, 4);
  const module = new URL("../../src/profile/flight-report.js", import.meta.url).href;
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

test("transfers of some steps are kept besides, also when later ones have taken their place among the last", (t) => {
  let step = 1;
  const recorder = new FlightRecorder({ capacity: 2, step: () => step, kept: { first: 2, last: 3 } });
  const numbers: number[] = [];
  for (step = 1; step <= 6; step++) numbers.push(recorder.begin(OUT, 1, step, 7, 8));
  for (const number of numbers) recorder.done(number);
  const kept = readFlights(recorder.kept as SharedArrayBuffer);
  t.deepEqual(
    kept.map((flight) => [flight.step, flight.channel, flight.done !== null]),
    [
      [2, 2, true],
      [3, 3, true],
    ],
  );
  t.deepEqual(
    readFlights(recorder.shared).map((flight) => flight.step),
    [5, 6],
  );
  t.is(new FlightRecorder().kept, null);
});
