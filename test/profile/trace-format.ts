/**
 * What is wrong with a trace, after "Trace Event Format" (Google, 2016), the header that pytorch/kineto
 * writes (output_json.cpp), and what Perfetto asks of traces in JSON (docs/getting-started/other-formats):
 * slices of a thread must nest, an arrow's ends lie in slices.
 */
import type { TraceDocument, TraceEvent } from "../../src/profile/chrome-trace.ts";

const NAMES: Readonly<Record<string, "name" | "sort_index">> = {
  process_name: "name",
  process_sort_index: "sort_index",
  thread_name: "name",
  thread_sort_index: "sort_index",
};

const isTime = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;

function faultOf(event: TraceEvent): string | null {
  const { ph, name, ts, dur, pid, tid, args, id, cat, bp } = event;
  if (typeof name !== "string" || !Number.isSafeInteger(pid) || !Number.isSafeInteger(tid))
    return "has no name, pid or tid";
  if (ph === "M") {
    const key = NAMES[name];
    if (key === undefined) return "names what nobody knows";
    return typeof args?.[key] === (key === "name" ? "string" : "number") ? null : `has no ${key}`;
  }
  if (!isTime(ts)) return "has no time";
  if (ph === "X") return isTime(dur) ? null : "has no duration";
  if (ph !== "s" && ph !== "f") return "has an unknown phase";
  if (typeof id !== "string" || typeof cat !== "string") return "is an arrow without id or category";
  return ph === "f" && bp !== "e" ? "ends at the next slice" : null;
}

interface Slice {
  readonly ts: number;
  readonly end: number;
}

/** By process and thread: slices as they begin, the longer first. */
function tracks(events: readonly TraceEvent[]): Map<string, Slice[]> {
  const found = new Map<string, Slice[]>();
  for (const { ph, pid, tid, ts = 0, dur = 0 } of events) {
    if (ph !== "X") continue;
    const track = found.get(`${pid}/${tid}`) ?? [];
    found.set(`${pid}/${tid}`, track);
    track.push({ ts, end: Math.round((ts + dur) * 1000) / 1000 });
  }
  for (const track of found.values()) track.sort((one, other) => one.ts - other.ts || other.end - one.end);
  return found;
}

function nestingFaults(track: string, slices: readonly Slice[]): string[] {
  const open: Slice[] = [];
  return slices.flatMap((slice) => {
    while (open.length > 0 && open[open.length - 1].end <= slice.ts) open.pop();
    const around = open.at(-1);
    open.push(slice);
    return around === undefined || slice.end <= around.end
      ? []
      : [`${track}: a slice at ${slice.ts} does not nest`];
  });
}

/** Arrows of one trace may end in another's; `isWhole`: there is no other. */
function arrowFaults(events: readonly TraceEvent[], isWhole: boolean): string[] {
  const all = tracks(events);
  const arrows = events.filter(({ ph }) => ph === "s" || ph === "f");
  const loose = arrows.filter(({ pid, tid, ts = 0 }) => {
    return !all.get(`${pid}/${tid}`)?.some((slice) => slice.ts <= ts && ts <= slice.end);
  });
  const faults = loose.map(({ id, ts }) => `the arrow ${id} has an end in no slice, at ${ts}`);
  if (!isWhole) return faults;
  for (const id of new Set(arrows.map((arrow) => arrow.id))) {
    const fault = endsFault(arrows.filter((arrow) => arrow.id === id));
    if (fault !== null) faults.push(`the arrow ${id} has ${fault}`);
  }
  return faults;
}

/** Threads of a process know their common clock to a microsecond; between hosts a trace says itself how well clocks agree. */
const CLOCK_US = 1;

function endsFault(ends: readonly TraceEvent[]): string | null {
  const [start, finish] = ["s", "f"].map((phase) => ends.find(({ ph }) => ph === phase));
  if (start === undefined || finish === undefined || ends.length !== 2)
    return `the ends ${ends.map(({ ph }) => ph)}`;
  if (start.name !== finish.name || start.cat !== finish.cat) return "ends of two kinds";
  const isBack = start.pid === finish.pid && (finish.ts ?? 0) + CLOCK_US < (start.ts ?? 0);
  return isBack ? "an end before its beginning" : null;
}

export function traceFaults(document: TraceDocument, isWhole: boolean): string[] {
  const { schemaVersion, deviceProperties, distributedInfo, displayTimeUnit, baseTimeNanoseconds } = document;
  const { traceEvents } = document;
  const header = [
    schemaVersion === 1 ? [] : "schemaVersion is not 1",
    Array.isArray(deviceProperties) ? [] : "deviceProperties is no list",
    typeof distributedInfo.backend === "string" ? [] : "no backend",
    Number.isSafeInteger(distributedInfo.world_size) ? [] : "no world_size",
    ["ms", "ns"].includes(displayTimeUnit) ? [] : "displayTimeUnit is neither ms nor ns",
    Number.isFinite(baseTimeNanoseconds) ? [] : "no baseTimeNanoseconds",
  ].flat();
  const events = traceEvents.flatMap((event) => {
    const fault = faultOf(event);
    return fault === null ? [] : [`${JSON.stringify(event)} ${fault}`];
  });
  const nesting = [...tracks(traceEvents)].flatMap(([track, slices]) => nestingFaults(track, slices));
  return [...header, ...events, ...nesting, ...arrowFaults(traceEvents, isWhole)];
}
