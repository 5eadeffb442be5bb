/** `lockstep doctor`: can these hosts train together? A row a host and a row for every two, and why where not. */

import type { Placement } from "../base/config.ts";
import { checkLayer } from "../base/layer.ts";
import { resolveSettings } from "../base/resolve.ts";
import { type Examined, examine } from "../launch/examine.ts";
import type { Host } from "../launch/hostfile.ts";
import { survey } from "../launch/survey.ts";
import type { Context } from "./context.ts";
import { giga, microseconds } from "./figures.ts";
import { flagLayer, type Given } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { placeJob } from "./placing.ts";
import { type Column, Table } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { head: "host", width: 20, align: "left" },
  { head: "ranks", width: 5, align: "right" },
  { head: "cores", width: 5, align: "right" },
  { head: "node", width: 8, align: "left" },
  { head: "engine", width: 12, align: "left" },
  { head: "cpu", width: 16, align: "left", dispensable: 2 },
  { head: "clock ms", width: 8, align: "right", dispensable: 1 },
  { head: "", width: 4, align: "left" },
];

const BETWEEN: readonly Column[] = [
  { head: "between", width: 20, align: "left" },
  { head: "and", width: 20, align: "left" },
  { head: "round trip", width: 10, align: "right" },
  { head: "GB/s", width: 6, align: "right" },
  { head: "", width: 4, align: "left" },
];

/** Returns the exit code: 1 if a host cannot take part. */
export async function doctorCommand(given: Given, context: Context): Promise<number> {
  const { output } = context;
  const flags = checkLayer(flagLayer(given, context.argv));
  const { json = false, quiet = false } = flags.values;
  Object.assign(output, { json, quiet });
  const { resolved, hosts } = placeJob(resolveSettings([flags], context.cores));
  const here = [{ name: "localhost", user: null, slots: resolved.settings.ranks }];
  const forget = leaveOnInterrupt(output);
  try {
    const examined = await examine(hosts ?? here, resolved.placement);
    const table = new Table(COLUMNS, output.room);
    output.result(table.header);
    for (const one of examined) tell(one, table, context);
    const areUsable = examined.every(({ problem }) => problem === null);
    const areTogether = !areUsable || (await measure(hosts ?? here, resolved.placement, context));
    const isWell = areUsable && areTogether;
    output.object({ status: isWell ? "ok" : "failed", hosts: examined.length });
    return isWell ? 0 : 1;
  } finally {
    forget();
  }
}

/** How far every two hosts are from each other; false if two do not reach each other. */
async function measure(hosts: readonly Host[], placement: Placement, { output }: Context): Promise<boolean> {
  if (hosts.length < 2) return true;
  const table = new Table(BETWEEN, output.room);
  output.result("");
  output.result(table.header);
  let areTogether = true;
  await survey(hosts, placement, ({ hosts: [first, second], distance, problem }) => {
    const figures = distance
      ? [microseconds(distance.roundTripUs), giga(distance.bytesPerSecond / 1e9)]
      : ["", ""];
    output.result(table.row([first, second, ...figures, problem ? "no" : "ok"]));
    if (problem) complain(`${first} and ${second}`, problem, output);
    output.object({ type: "pair", hosts: [first, second], usable: problem === null, ...distance, problem });
    areTogether &&= problem === null;
  });
  return areTogether;
}

function complain(who: string, { message, fix }: NonNullable<Examined["problem"]>, output: Output): void {
  output.complain(`${output.styled(["red", "bold"], `${who}:`)} ${message}`);
  output.complain(`  ${output.styled("bold", "fix:")} ${fix}`);
}

function tell(
  { host, slots, found, clockOffsetMs, problem }: Examined,
  table: Table,
  { output }: Context,
): void {
  const clock = clockOffsetMs === null ? "" : clockOffsetMs.toFixed(0);
  const machine = found
    ? [String(found.cores), found.node, found.engine, found.features.join(" "), clock]
    : ["", "", "", "", ""];
  output.result(table.row([host, String(slots), ...machine, problem ? "no" : "ok"]));
  for (const warning of found?.warnings ?? []) output.say(`${host}: ${warning}`);
  if (problem) complain(host, problem, output);
  output.object({ type: "host", host, slots, usable: problem === null, ...found, clockOffsetMs, problem });
}
