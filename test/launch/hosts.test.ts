import test from "ava";
import fc from "fast-check";
import { parseHostList } from "../../src/launch/hostfile.ts";
import { isLocal, planProcesses, tagOf } from "../../src/launch/hosts.ts";

test("localhost, 127.0.0.1, ::1 and the machine's own name are local; a user's name is not asked for there", (t) => {
  const local = (list: string) => parseHostList(list, "--hosts").map((host) => isLocal(host, "Node7"));
  t.deepEqual(local("LocalHost"), [true]);
  t.deepEqual(local("localhost:2,127.0.0.1,::1,node7"), [true, true, true, true]);
  t.deepEqual(local("127.0.0.2,node8,node7.example.org,ada@localhost"), [false, false, false, false]);
});

test("a host has one process, or as many as its slots need", (t) => {
  const hosts = parseHostList("localhost:3,127.0.0.1:1", "--hosts");
  t.deepEqual(planProcesses(hosts, null).map(tagOf), ["0-2 localhost", "3 127.0.0.1"]);
  t.deepEqual(planProcesses(hosts, 2).map(tagOf), ["0-1 localhost", "2 localhost", "3 127.0.0.1"]);
  t.deepEqual(planProcesses(hosts, 1).map(tagOf), [
    "0 localhost",
    "1 localhost",
    "2 localhost",
    "3 127.0.0.1",
  ]);
});

test("every rank of the world is in one process, in the order of the hosts", (t) => {
  const slots = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(slots, fc.option(fc.integer({ min: 1, max: 10 })), (counts, most) => {
      const hosts = counts.map((count, index) => ({ name: `h${index}`, user: null, slots: count }));
      const planned = planProcesses(hosts, most);
      let next = 0;
      for (const [index, process] of planned.entries()) {
        t.deepEqual([process.index, process.firstRank], [index, next]);
        t.true(process.ranks >= 1 && process.ranks <= (most ?? 9));
        next += process.ranks;
      }
      t.is(
        next,
        counts.reduce((sum, count) => sum + count, 0),
      );
    }),
  );
});
