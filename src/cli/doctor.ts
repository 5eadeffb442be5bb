/** `lockstep doctor`: can these hosts train together? A row a host, and why where not. */
import { checkLayer } from "../base/layer.ts";
import { resolveSettings } from "../base/resolve.ts";
import { type Examined, examine } from "../launch/examine.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
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
    const isWell = examined.every(({ problem }) => problem === null);
    output.object({ status: isWell ? "ok" : "failed", hosts: examined.length });
    return isWell ? 0 : 1;
  } finally {
    forget();
  }
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
  if (problem) {
    output.complain(`${output.styled(["red", "bold"], `${host}:`)} ${problem.message}`);
    output.complain(`  ${output.styled("bold", "fix:")} ${problem.fix}`);
  }
  output.object({ type: "host", host, slots, usable: problem === null, ...found, clockOffsetMs, problem });
}
