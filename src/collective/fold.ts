/**
 * Any number of members made a power of two: the first pairs fold into one member each, which alone takes
 * part and tells the other the result.
 *
 *     P = 6       0 ← 1    2 ← 3    4    5
 *     position    0        1        2    3
 */
import { inBuffer, inScratch } from "./action.ts";
import type { ActionListBuilder } from "./action-list.ts";
import { segmentsOf } from "./chunk.ts";

export class Folding {
  /** Members that take part: the largest power of two that is at most the size. */
  readonly positions: number;
  readonly #pairs: number;

  constructor(size: number) {
    this.positions = 1 << (31 - Math.clz32(size));
    this.#pairs = size - this.positions;
  }

  /** This member's place among those that take part; null if it is folded. */
  positionOf(member: number): number | null {
    if (member >= 2 * this.#pairs) return member - this.#pairs;
    return member % 2 === 0 ? member / 2 : null;
  }

  memberAt(position: number): number {
    return position < this.#pairs ? 2 * position : position + this.#pairs;
  }

  /** x[2p] + x[2p + 1], in member 2p. */
  fold(list: ActionListBuilder, member: number, count: number, segment: number): void {
    if (member >= 2 * this.#pairs) return;
    for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
      if (member % 2 === 1) list.send(member - 1, inBuffer(first), many);
      else {
        list.receive(member + 1, inScratch(first), many);
        list.add(inBuffer(first), inBuffer(first), inScratch(first), many);
      }
    }
  }

  /** The result to the folded members. */
  unfold(list: ActionListBuilder, member: number, count: number, segment: number): void {
    if (member >= 2 * this.#pairs) return;
    for (const { first, count: many } of segmentsOf({ first: 0, count }, segment)) {
      if (member % 2 === 1) list.receive(member - 1, inBuffer(first), many);
      else list.send(member + 1, inBuffer(first), many);
    }
  }
}
