/** What links record of their transfers. */
import test from "ava";
import { FlightRecorder } from "../../src/profile/flight-recorder.ts";
import { readFlights } from "../../src/profile/flight-report.ts";
import { openTeam, pattern } from "./loopback-team.ts";

test("transfers are recorded on both sides, with when they began, moved and were done", async (t) => {
  const recorders = [4, 5].map((step) => new FlightRecorder({ step: () => step }));
  const odd = (self: number) => ({ recorder: recorders[self] });
  const team = await openTeam({ all: { frameBytes: 1000, windowBytes: 2000 }, odd });
  team.inboxes[1].judge = ({ channel }) => {
    team.inboxes[1].isHolding = channel === 1000;
  };
  for (const [index, length] of [10, 5000, 7].entries()) {
    const message = { channel: 1000 * index, sequence: index, flags: 0, bytes: pattern(length, index) };
    team.links[0].send(1, message, () => {});
  }
  await team.pass(20);
  const flights = recorders.map(({ shared }) =>
    readFlights(shared).map(({ begun, moving, done, ...flight }) => ({
      ...flight,
      times: [begun, moving, done].map((time) => time !== null),
    })),
  );
  const message = (self: number, index: number, bytes: number, times: boolean[]) => ({
    ...{ number: index + 1, way: ["out", "in"][self], peer: 1 - self, step: 4 + self },
    ...{ channel: 1000 * index, sequence: index, bytes, times },
  });
  t.deepEqual(flights[0], [
    message(0, 0, 10, [true, true, true]),
    message(0, 1, 5000, [true, true, false]),
    message(0, 2, 7, [true, false, false]),
  ]);
  t.deepEqual(flights[1], [message(1, 0, 10, [true, true, true]), message(1, 1, 5000, [true, false, false])]);
});
