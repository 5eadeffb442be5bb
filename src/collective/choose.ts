/**
 * Which algorithm takes the least time: the lists themselves, run on a clock that knows what was measured of links and sums.
 *
 * A member sends one message at a time and receives one at a time (full duplex), each taking messageUs +
 * bytes / bandwidth, and sums one piece at a time; a message arrives `latencyUs` after it has left.
 */
import type { Action, ActionList } from "./action.ts";
import { ALLREDUCE_NAMES, ALLREDUCES, type AllreduceName, listsOf } from "./algorithms.ts";
import { Progress } from "./progress.ts";

export interface LinkCosts {
  /** From the end of a message's sending to its arrival. */
  readonly latencyUs: number;
  /** A message's own cost at either end, whatever its length. */
  readonly messageUs: number;
  readonly bytesPerUs: number;
  /** Bytes of the result of a sum. */
  readonly sumBytesPerUs: number;
}

export interface Choice {
  readonly algorithm: AllreduceName;
  readonly us: number;
}

/** All algorithms, the fastest first. */
export function rankAlgorithms(size: number, count: number, segment: number, costs: LinkCosts): Choice[] {
  const all = ALLREDUCE_NAMES.map((algorithm) => ({
    algorithm,
    us: durationUs(listsOf(ALLREDUCES[algorithm], size, count, segment), costs),
  }));
  return all.sort((a, b) => a.us - b.us);
}

interface Clock {
  readonly progress: Progress;
  /** When the member's way out, its way in and its arithmetic are free again. */
  out: number;
  in: number;
  sums: number;
}

/** Microseconds until the last member is done, all beginning at once. */
export function durationUs(lists: readonly ActionList[], costs: LinkCosts): number {
  const agenda = new Agenda();
  const links = new Map<string, { arrivals: number[]; posted: number[] }>();
  const linkOf = (from: number, to: number) => {
    const name = `${from} ${to}`;
    const link = links.get(name) ?? { arrivals: [], posted: [] };
    links.set(name, link);
    return link;
  };
  const transferUs = ({ count }: Action) => costs.messageUs + (4 * count) / costs.bytesPerUs;
  const clocks: Clock[] = lists.map(({ actions }, member) => ({
    progress: new Progress(lists[member], (index) => {
      const [action, clock] = [actions[index], clocks[member]];
      const end = (at: number) => agenda.add(at, () => clock.progress.complete(index));
      if (action.kind === "add") {
        clock.sums = Math.max(agenda.nowUs, clock.sums) + (4 * action.count) / costs.sumBytesPerUs;
        end(clock.sums);
      } else if (action.kind === "send") {
        clock.out = Math.max(agenda.nowUs, clock.out) + transferUs(action);
        end(clock.out);
        linkOf(member, action.peer).arrivals.push(clock.out + costs.latencyUs);
        take(member, action.peer);
      } else {
        linkOf(action.peer, member).posted.push(index);
        take(action.peer, member);
      }
    }),
    ...{ out: 0, in: 0, sums: 0 },
  }));
  /** Matches what is sent with what is expected. Reading overlaps with sending at the other end. */
  const take = (from: number, to: number) => {
    const { arrivals, posted } = linkOf(from, to);
    while (arrivals.length > 0 && posted.length > 0) {
      const [arrival, index] = [arrivals.shift() as number, posted.shift() as number];
      const clock = clocks[to];
      const begins = Math.max(agenda.nowUs, clock.in, arrival - transferUs(lists[to].actions[index]));
      clock.in = begins + transferUs(lists[to].actions[index]);
      agenda.add(clock.in, () => clock.progress.complete(index));
    }
  };
  for (const { progress } of clocks) progress.start();
  agenda.run();
  return agenda.nowUs;
}

/** Things to do, in the order of their times. */
class Agenda {
  nowUs = 0;
  readonly #entries: { readonly at: number; readonly run: () => void }[] = [];

  add(at: number, run: () => void): void {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle].at > at) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, { at, run });
  }

  run(): void {
    for (let next = this.#entries.pop(); next; next = this.#entries.pop()) {
      this.nowUs = Math.max(this.nowUs, next.at);
      next.run();
    }
  }
}
