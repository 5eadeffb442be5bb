/**
 * A collective as data: for each member of a group a list of actions on its buffer of f32 elements.
 *
 *     member 0   send → 1 ······ receive 1 → scratch ── add ── send → 1 ······ receive 1 → buffer
 *     member 1   send → 0 ······ receive 0 → scratch ── add ── send → 0 ······ receive 0 → buffer
 *
 * An action begins when all actions in its `after` are complete. A send is complete when its bytes may change, a receive when
 * they are in place. Sends to one peer begin in the order of the list, and so do receives from it: the k-th receive takes the
 * peer's k-th message, and a message whose receive has not begun holds up those behind it. Nothing else is ordered: whoever
 * executes a list may overlap what it leaves free. Two members or more; no list sends to its own member.
 */

/** Where elements are: in the member's buffer, or in memory that a collective may use as it likes. */
export interface Place {
  readonly memory: "buffer" | "scratch";
  /** The first element. */
  readonly first: number;
}

interface Common {
  readonly count: number;
  /** Indices, all smaller than its own, of actions of the same list. */
  readonly after: readonly number[];
}

export interface Send extends Common {
  readonly kind: "send";
  /** A member of the group, as are all peers. */
  readonly peer: number;
  readonly from: Place;
}

export interface Receive extends Common {
  readonly kind: "receive";
  readonly peer: number;
  readonly to: Place;
}

/** to[i] = left[i] + right[i]; `to` may be one of them. */
export interface Add extends Common {
  readonly kind: "add";
  readonly to: Place;
  readonly left: Place;
  readonly right: Place;
}

export type Action = Send | Receive | Add;

export interface ActionList {
  readonly actions: readonly Action[];
  /** Elements of scratch memory that it needs. */
  readonly scratchCount: number;
}

export const inBuffer = (first: number): Place => ({ memory: "buffer", first });
export const inScratch = (first: number): Place => ({ memory: "scratch", first });

/** The places that an action reads, and the one that it writes. */
export function accessOf(action: Action): {
  readonly reads: readonly Place[];
  readonly writes: Place | null;
} {
  if (action.kind === "send") return { reads: [action.from], writes: null };
  if (action.kind === "receive") return { reads: [], writes: action.to };
  return { reads: [action.left, action.right], writes: action.to };
}

/** Whether two actions may not overlap in time, since one writes what the other touches. */
export function conflict(a: Action, b: Action): boolean {
  const [one, other] = [accessOf(a), accessOf(b)];
  const meets = (written: Place | null, touched: readonly (Place | null)[]) =>
    written !== null && touched.some((place) => place !== null && overlap(written, a.count, place, b.count));
  return (
    meets(one.writes, [...other.reads, other.writes]) ||
    (other.writes !== null &&
      one.reads.some((place) => overlap(place, a.count, other.writes as Place, b.count)))
  );
}

function overlap(a: Place, aCount: number, b: Place, bCount: number): boolean {
  return a.memory === b.memory && a.first < b.first + bCount && b.first < a.first + aCount;
}
