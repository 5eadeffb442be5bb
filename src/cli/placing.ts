/** On which hosts a job runs, and how many ranks that makes: settings in which hosts were only named, completed. */
import { InputError } from "../base/errors.ts";
import { checkLayout, type Resolved } from "../base/resolve.ts";
import { pipelineOf } from "../job/settings.ts";
import { formatHostList, type Host, parseHostList, readHostfile } from "../launch/hostfile.ts";
import { isLocal, planProcesses } from "../launch/hosts.ts";

export interface Placed {
  readonly resolved: Resolved;
  /** Null for a job of this process alone. */
  readonly hosts: readonly Host[] | null;
  /** Ranks of every process. */
  readonly processes: readonly number[];
}

/** Throws an InputError on hosts that are wrong, on what does not go with them, and on a layout that cannot be placed so. */
export function placeJob(resolved: Resolved): Placed {
  const placed = place(resolved);
  const { hosts } = placed;
  const { settings, placement } = placed.resolved;
  const planned = hosts && planProcesses(hosts, placement.ranksPerProcess);
  const processes = planned?.map(({ ranks }) => ranks) ?? [settings.ranks];
  // The processes ask again: here it is told before a folder is made, or a host reached.
  pipelineOf(settings, processes);
  return { ...placed, processes };
}

function place(resolved: Resolved): Omit<Placed, "processes"> {
  const { settings, origins, placement } = resolved;
  const hosts = namedHosts(resolved);
  if (hosts === null) {
    const { ranksPerProcess } = placement;
    const isAlone = ranksPerProcess === null || ranksPerProcess >= settings.ranks;
    return { resolved, hosts: isAlone ? null : [{ name: "localhost", user: null, slots: settings.ranks }] };
  }
  const ranks = hosts.reduce((sum, { slots }) => sum + slots, 0);
  if (origins.layout !== "default") checkLayout(settings.layout, ranks, "the layout", "the hosts have");
  const layout = origins.layout === "default" ? { dp: ranks, tp: 1, pp: 1 } : settings.layout;
  const remote = hosts.find((host) => !isLocal(host));
  if (placement.security === "off" && remote !== undefined) {
    throw new InputError(
      "security-off",
      `--security off is for processes of this machine; ${remote.name} is another`,
      "leave it out, or use --security encrypt",
    );
  }
  const whole = { ...settings, ranks, layout };
  const named = { ...placement, hosts: formatHostList(hosts), hostfile: null };
  return { resolved: { origins, settings: whole, placement: named }, hosts };
}

function namedHosts({ placement }: Resolved): Host[] | null {
  if (placement.hosts !== null) return parseHostList(placement.hosts, "--hosts");
  return placement.hostfile === null ? null : readHostfile(placement.hostfile);
}
