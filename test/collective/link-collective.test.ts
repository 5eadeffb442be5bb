import test from "ava";
import type { ActionList } from "../../src/collective/action.ts";
import { ALLREDUCE_NAMES, ALLREDUCES, listsOf } from "../../src/collective/algorithms.ts";
import { groupOf } from "../../src/collective/group.ts";
import type { LinkCollective } from "../../src/collective/link-collective.ts";
import { randomOf } from "./group.ts";
import { Switchboard } from "./switchboard.ts";

const COUNT = 37;
const EXECUTIONS = 3;

/** What one process does in one collective: executes it three times over, and looks at the sums each time. */
class Participant {
  readonly #collective: LinkCollective;
  readonly #buffer = new Float32Array(COUNT);
  readonly #own: number;
  executed = 0;
  isRunning = false;

  constructor(board: Switchboard, process: number, channel: number, list: ActionList, own: number) {
    this.#own = own;
    const scratch = new Float32Array(list.scratchCount);
    this.#collective = board.processes[process].prepare(channel, { list, buffer: this.#buffer, scratch });
  }

  get mayBegin(): boolean {
    return !this.isRunning && this.executed < EXECUTIONS;
  }

  begin(check: (sums: Float32Array) => void): void {
    this.#buffer.fill(this.#own);
    this.isRunning = true;
    this.#collective.run(() => {
      this.isRunning = false;
      this.executed++;
      check(this.#buffer);
    });
  }
}

/** Executes each list of `channels` at each of `size` processes; who begins what when, and what arrives when, is chance. */
function executeAll(
  t: { true(is: boolean, what?: string): void },
  size: number,
  channels: readonly ActionList[][],
) {
  const board = new Switchboard(size);
  const random = randomOf(size + channels.length);
  const participants = channels.flatMap((lists, channel) =>
    lists.map(
      (list, process) => new Participant(board, process, channel, list, (channel + 1) * (process + 1)),
    ),
  );
  const sumOf = (index: number) => (Math.floor(index / size) + 1) * ((size * (size + 1)) / 2);
  for (let happens = true; happens; ) {
    const idle = participants.filter(({ mayBegin }) => mayBegin);
    const one = idle[Math.floor(random() * idle.length)];
    if (one && random() < 0.3) {
      const sum = sumOf(participants.indexOf(one));
      one.begin((sums) =>
        t.true(
          sums.every((each) => each === sum),
          `${sum}`,
        ),
      );
    } else happens = board.deliver(random) || one !== undefined;
  }
  t.true(participants.every(({ executed }) => executed === EXECUTIONS));
}

test("every algorithm, three times over, in any order of arrivals: sums are right, and a peer ahead has to wait", (t) => {
  for (const name of ALLREDUCE_NAMES)
    for (const size of [2, 3, 5]) executeAll(t, size, [listsOf(ALLREDUCES[name], size, COUNT, 10)]);
});

test("five collectives at once over the same links, begun in any order at each process, never wait for each other for ever", (t) => {
  for (const size of [2, 3, 4, 5, 7])
    executeAll(
      t,
      size,
      ALLREDUCE_NAMES.map((name) => listsOf(ALLREDUCES[name], size, COUNT, 10)),
    );
  for (const size of [3, 4])
    executeAll(
      t,
      size,
      Array.from({ length: 5 }, () => listsOf(ALLREDUCES.ring, size, COUNT, 4)),
    );
});

test("members of a group are the processes that it names", (t) => {
  const board = new Switchboard(4);
  const group = groupOf([3, 1]);
  const buffers = [0, 1].map((member) => new Float32Array(4).fill(member + 1));
  let done = 0;
  for (const [member, list] of listsOf(ALLREDUCES.ring, 2, 4, 4).entries()) {
    const part = { list, buffer: buffers[member], scratch: new Float32Array(list.scratchCount), group };
    board.processes[group.members[member]].prepare(9, part).run(() => done++);
  }
  while (board.deliver(() => 0));
  t.is(done, 2);
  for (const buffer of buffers) t.deepEqual([...buffer], [3, 3, 3, 3]);
});

test("a message of another length, number or execution, or of nobody in the group, is refused by name", (t) => {
  const board = new Switchboard(3);
  const [list] = listsOf(ALLREDUCES.ring, 2, 20, 20);
  const [process] = board.processes;
  const arrival = { peer: 1, channel: 7, sequence: 1, flags: 0, bytes: 40 };
  t.is(process.place(arrival), null, "nothing is prepared");
  const part = { list, buffer: new Float32Array(20), scratch: new Float32Array(list.scratchCount) };
  const collective = process.prepare(7, part);
  t.throws(() => process.prepare(7, part), { message: "channel 7 is taken" });
  t.is(process.place(arrival), null, "no execution has begun");
  collective.run(() => {});
  t.throws(() => collective.run(() => {}), { message: "collective 7 is under way" });
  t.is(process.place({ ...arrival, sequence: 2 }), null, "the peer is one ahead");
  t.is(process.place(arrival)?.length, 40);
  for (const wrong of [{ bytes: 36 }, { flags: 1 }, { sequence: 0 }, { peer: 2 }])
    t.throws(() => process.place({ ...arrival, ...wrong }), { code: "unexpected-message" });
  const lists = listsOf(ALLREDUCES.ring, 2, 20, 20);
  const other = { ...part, list: lists[1], scratch: new Float32Array(lists[1].scratchCount) };
  board.processes[1].prepare(7, other).run(() => {});
  while (board.deliver(() => 0));
  t.false(collective.isRunning);
  t.throws(() => process.place({ ...arrival, flags: 2 }), { code: "unexpected-message" });
});

test("a collective that is given too little memory is refused", (t) => {
  const board = new Switchboard(2);
  const [list] = listsOf(ALLREDUCES.ring, 2, 20, 20);
  const part = { list, buffer: new Float32Array(20), scratch: new Float32Array(list.scratchCount - 1) };
  t.throws(() => board.processes[0].prepare(1, part));
});
