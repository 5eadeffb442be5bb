import test from "ava";
import { type Action, inBuffer, inScratch } from "../../src/collective/action.ts";
import { barrier } from "../../src/collective/barrier.ts";
import { groupOf, levelsOf, memberOf } from "../../src/collective/group.ts";
import { ringAllreduce } from "../../src/collective/ring.ts";
import { run } from "./group.ts";
import { breaches } from "./validate.ts";

const lists = () => [0, 1, 2].map((member) => ringAllreduce(member, 3, 30, 4));
const changed = (index: number, change: (action: Action) => Action) => {
  const [first, ...others] = lists();
  const actions = first.actions.map((action, i) => (i === index ? change(action) : action));
  return [{ ...first, actions }, ...others];
};

test("sums that do not wait for what they sum are found", (t) => {
  const sum = lists()[0].actions.findIndex(({ kind }) => kind === "add");
  const found = breaches(
    changed(sum, (action) => ({ ...action, after: [] })),
    30,
  );
  t.regex(found[0], /^member 0, actions \d+ and \d+: touch the same, in no order$/);
});

test("a message of another length than expected is found", (t) => {
  const found = breaches(
    changed(0, (action) => ({ ...action, count: 3 })),
    30,
  );
  t.regex(found[0], /^0 sends 1 \[3, 4, .*\], which expects \[4, 4, /);
});

test("what reaches beyond its memory is found, and what waits for a later action", (t) => {
  const far = (action: Action): Action => ({ ...action, from: inBuffer(28) }) as Action;
  t.deepEqual(breaches(changed(0, far), 30)[0], "member 0, action 0: is outside its memory");
  const late = (action: Action): Action => ({ ...action, after: [1] });
  t.is(breaches(changed(0, late), 30)[0], "member 0, action 0: waits for a later one");
});

test("members who each wait for the other's first message are told", (t) => {
  const [receive, send] = [0, 1].map((i): Action[] => {
    const peer = 1 - i;
    return [
      { kind: "receive", peer, to: inScratch(0), count: 1, after: [] },
      { kind: "send", peer, from: inBuffer(0), count: 1, after: [0] },
    ];
  });
  const both = [receive, send].map((actions) => ({ actions, scratchCount: 1 }));
  t.throws(() => run(both, [[1], [2]], 1, 4), { message: "members 0, 1 wait for ever" });
});

test("a group of one has nothing to do", (t) => {
  t.deepEqual(ringAllreduce(0, 1, 10, 4), { actions: [], scratchCount: 0 });
  t.deepEqual(barrier(0, 1).actions, []);
});

test("a group knows its members' places, and has nobody twice", (t) => {
  const group = groupOf([4, 2, 7]);
  t.deepEqual([memberOf(group, 7), memberOf(group, 3)], [2, null]);
  t.throws(() => groupOf([1, 1]));
  t.throws(() => groupOf([]));
});

test("the ranks of a process meet inside it, and the first one speaks for it", (t) => {
  const { inside, between } = levelsOf(groupOf([5, 0, 1, 4, 2]), (rank) => Math.floor(rank / 4));
  t.deepEqual(inside, [{ members: [5, 4] }, { members: [0, 1, 2] }]);
  t.deepEqual(between, { members: [5, 0] });
});
