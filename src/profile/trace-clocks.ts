/**
 * Puts the traces of all ranks on one clock. Processes of a host share its monotonic clock; between hosts the
 * traced messages themselves say how far the clocks are apart, since none arrives before it was sent:
 *
 *       clock of A   ──────s₁─────────────a₂────▶        s₁ ≤ a₁ + θ   and   s₂ + θ ≤ a₂
 *                           ╲            ╱               so θ, which makes B's clock A's, lies between s₁ − a₁ and a₂ − s₂
 *       clock of B   ────────a₁────────s₂───────▶        for every message there and back
 *
 * (D. L. Mills, RFC 5905, §8: the closest pair there and back is what a ping-pong of many rounds keeps.)
 */
import { roundUs, type TraceDocument } from "./chrome-trace.ts";
import type { TracedMessage } from "./trace-messages.ts";

export interface HostClock {
  readonly boot: string;
  readonly host: string;
  /** By what it was made that of rank 0's host. */
  readonly by: "itself" | "messages" | "wall clock";
  /** What is added to its monotonic clock, µs. */
  readonly offsetUs: number;
  /** How wrong that may be; null: nobody knows. */
  readonly errorUs: number | null;
}

/** One for each host, that of the first trace first. `messages` have the times of their own hosts' monotonic clocks. */
export function alignClocks(
  documents: readonly TraceDocument[],
  messages: readonly TracedMessage[],
): HostClock[] {
  const heads = new Map(documents.toReversed().map((document) => [document.lockstep.boot, document]));
  const bootOf = new Map(documents.map(({ lockstep }) => [lockstep.process, lockstep.boot]));
  const [first] = documents;
  const { boot, host } = first.lockstep;
  const aligned = new Map<string, HostClock>([[boot, { boot, host, by: "itself", offsetUs: 0, errorUs: 0 }]]);
  // A host is aligned with any that already is: in a ring a host talks with its neighbours alone.
  for (let before = 0; before < aligned.size; ) {
    before = aligned.size;
    for (const [other, head] of heads) {
      if (aligned.has(other)) continue;
      const found = byMessages(other, aligned, bootOf, messages);
      if (found) aligned.set(other, { boot: other, host: head.lockstep.host, by: "messages", ...found });
    }
  }
  for (const [other, head] of heads)
    if (!aligned.has(other))
      aligned.set(other, {
        ...{ boot: other, host: head.lockstep.host, by: "wall clock", errorUs: null },
        offsetUs: roundUs(toWallUs(head) - toWallUs(first)),
      });
  return [...aligned.values()];
}

const toWallUs = ({ baseTimeNanoseconds, lockstep }: TraceDocument): number =>
  baseTimeNanoseconds / 1000 - lockstep.monotonicUs;

function byMessages(
  boot: string,
  aligned: ReadonlyMap<string, HostClock>,
  bootOf: ReadonlyMap<number, string>,
  messages: readonly TracedMessage[],
): Pick<HostClock, "offsetUs" | "errorUs"> | null {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let known = 0;
  for (const { sender, receiver, sentUs, arrivedUs } of messages) {
    if (sentUs === null || arrivedUs === null) continue;
    const [from, to] = [bootOf.get(sender) ?? "", bootOf.get(receiver) ?? ""];
    const [there, back] = [aligned.get(from), aligned.get(to)];
    if (there && to === boot) least = Math.max(least, sentUs + there.offsetUs - arrivedUs);
    if (back && from === boot) most = Math.min(most, arrivedUs + back.offsetUs - sentUs);
    if ((there && to === boot) || (back && from === boot))
      known = Math.max(known, there?.errorUs ?? 0, back?.errorUs ?? 0);
  }
  if (!Number.isFinite(least) || !Number.isFinite(most)) return null;
  const errorUs = Math.abs(most - least) / 2 + known;
  return { offsetUs: roundUs((least + most) / 2), errorUs: roundUs(errorUs) };
}
