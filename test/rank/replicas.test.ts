/** What processes conclude from fingerprints that come in whatever order the links bring them. */
import test from "ava";
import { BETWEEN_STEPS, Replicas } from "../../src/rank/replicas.ts";
import type { Message, Transport } from "../../src/transport/transport.ts";

const CHANNEL = 7;
const SAME = Uint32Array.of(1, 2, 3, 4);
const OTHER = Uint32Array.of(1, 2, 3, 5);

/** One of three processes, and the messages to it that are still on their way, in order from each of the others. */
class Process {
  readonly agreed: number[] = [];
  readonly replicas: Replicas;
  readonly transport: Transport;
  readonly #coming = new Map<number, { sequence: number; bytes: Uint8Array }[]>();

  constructor(self: number, all: readonly Process[], groups: readonly (readonly number[])[]) {
    const world = { self, ranks: [1, 1, 1] };
    const agreed = (round: number) => void this.agreed.push(round);
    this.replicas = new Replicas({
      ...{
        world,
        groups: groups.map((processes) => ({ processes })),
        channel: CHANNEL,
        step: () => 100,
        agreed,
      },
    });
    const send = (peer: number, { sequence, bytes }: Message) => all[peer].#queue(self, sequence, bytes);
    this.transport = { self, peers: [0, 1, 2].filter((peer) => peer !== self), send } as unknown as Transport;
  }

  tell(round: number, words = SAME): void {
    this.replicas.tell(this.transport, round, words);
  }

  /** Takes the next message of a peer. */
  hear(peer: number): void {
    const next = this.#coming.get(peer)?.shift();
    if (next === undefined) throw new Error(`nothing comes from ${peer}`);
    const { sequence, bytes } = next;
    const arrival = { peer, channel: CHANNEL, sequence, flags: 0, bytes: bytes.length };
    this.replicas.place(arrival).set(bytes);
    this.replicas.arrived(arrival);
  }

  #queue(peer: number, sequence: number, bytes: Uint8Array): void {
    this.#coming.set(peer, [...(this.#coming.get(peer) ?? []), { sequence, bytes: bytes.slice() }]);
  }
}

function threeProcesses(groups = [[0, 1, 2]]): Process[] {
  const all: Process[] = [];
  for (let self = 0; self < 3; self++) all.push(new Process(self, all, groups));
  return all;
}

test("what a process says of the next round hides nothing that it said of this one", (t) => {
  const [first, second, third] = threeProcesses();
  const round = BETWEEN_STEPS + 300;
  for (const process of [first, second, third]) process.tell(round);
  third.hear(0);
  third.hear(1);
  t.deepEqual(third.agreed, [round]);
  third.tell(301);
  second.hear(2);
  second.hear(2);
  second.hear(0);
  t.deepEqual(second.agreed, [round], "though the third is ahead");
  second.tell(301);
  first.hear(1);
  first.hear(2);
  first.hear(1);
  first.hear(2);
  first.tell(301);
  second.hear(0);
  t.deepEqual(
    [first.agreed, second.agreed],
    [
      [round, 301],
      [round, 301],
    ],
  );
});

test("whoever differs from most is named in every process, whoever is heard last", (t) => {
  for (const last of [0, 2]) {
    const [first, second, third] = threeProcesses();
    first.tell(101);
    second.tell(101);
    third.tell(101, OTHER);
    second.hear(2 - last);
    const error = t.throws(() => second.hear(last));
    t.like(error, { code: "replicas-differ", where: { rank: 2, step: 100 } });
    t.regex(String(error), /after 100 steps the weights of process 2 \(rank 2\) are not those of the others/);
  }
});

test("of three that all differ none is blamed, and between steps it is said after how many", (t) => {
  const [first, second, third] = threeProcesses();
  first.tell(BETWEEN_STEPS + 60);
  second.tell(BETWEEN_STEPS + 60, OTHER);
  third.tell(BETWEEN_STEPS + 60, Uint32Array.of(9, 9, 9, 9));
  first.hear(1);
  const error = t.throws(() => first.hear(2));
  t.like(error, { code: "replicas-differ", where: { step: 60 } });
  t.false("rank" in (error as unknown as { where: object }).where);
});

/** The words of two groups. */
const both = (...words: Uint32Array[]) => Uint32Array.from(words.flatMap((some) => [...some]));

test("of those who have a stage alone it is judged whose weights of it are right: others have them of the first", (t) => {
  const [first, second, third] = threeProcesses([[0], [1, 2]]);
  const round = BETWEEN_STEPS + 60;
  // Process 1's memory broke, and process 0 was told its weights.
  first.tell(round, both(SAME, OTHER));
  second.tell(round, both(SAME, OTHER));
  third.tell(round, both(SAME, SAME));
  first.hear(1);
  const error = t.throws(() => first.hear(2));
  t.like(error, { code: "replicas-differ", where: { step: 60 } });
  t.false("rank" in (error as unknown as { where: object }).where);
  t.regex(
    String(error),
    /after 60 steps process 1 \(rank 1\), process 2 \(rank 2\) have different weights, and no majority/,
  );
});

test("while steps are under way who does not have a stage is not asked for its weights, and between them is", (t) => {
  for (const round of [101, BETWEEN_STEPS + 100]) {
    const [first, second, third] = threeProcesses([[0], [1, 2]]);
    first.tell(round, both(SAME, OTHER));
    second.tell(round, both(OTHER, SAME));
    third.tell(round, both(SAME, SAME));
    third.hear(0);
    if (round === 101) t.notThrows(() => third.hear(1));
    else t.throws(() => third.hear(1), { code: "replicas-differ", message: /weights of process 1 / });
  }
});
