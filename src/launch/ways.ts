/** At which IP address a process listens for another: one at which the other's host can reach it, and no more than that. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { EnvironmentError } from "../base/errors.ts";
import type { Host } from "./hostfile.ts";
import { spelling } from "./hostfile.ts";
import type { ProcessHost } from "./process-host.ts";

/** A host, and the way to it. */
export interface Reached {
  readonly host: Host;
  readonly link: Pick<ProcessHost, "way">;
  readonly isLocal: boolean;
}

/**
 * The address of `listener` for `dialer`; null within one host, where a file does. Hosts of this machine meet on its loopback; a
 * host behind ssh is met where ssh met it, and meets us where it was met from. Where ssh does not say, names are looked up.
 */
export async function listenAddress(listener: Reached, dialer: Reached): Promise<string | null> {
  if (listener.host === dialer.host) return null;
  if (listener.isLocal && dialer.isLocal) return listener.host.name === "::1" ? "::1" : "127.0.0.1";
  if (!listener.isLocal) return listener.link.way?.host ?? (await addressOf(listener.host));
  return dialer.link.way?.launcher ?? (await addressOf(listener.host));
}

async function addressOf(host: Host): Promise<string> {
  if (isIP(host.name) !== 0) return host.name;
  try {
    return (await lookup(host.name)).address;
  } catch (thrown) {
    throw new EnvironmentError(
      "host-unknown",
      `the IP address of ${spelling(host)} is not known here, nor does the way there tell it`,
      "write its address instead of its name",
      thrown,
    );
  }
}
