/** Whether hosts can train together: each is asked what it is, all at once, and compared with the first. */
import type { Placement } from "../base/config.ts";
import { EnvironmentError, LockstepError } from "../base/errors.ts";
import { type Host, spelling } from "./hostfile.ts";
import { isLocal } from "./hosts.ts";
import { type Inspection, inspect } from "./inspect.ts";
import { RemoteHost } from "./remote-host.ts";

const INSPECT_MS = 20_000;

export interface Examined {
  readonly host: string;
  readonly slots: number;
  /** Null where it could not be asked. */
  readonly found: Inspection | null;
  /** How far its clock is before ours, half the way there and back taken into account. */
  readonly clockOffsetMs: number | null;
  /** Why it cannot take part; null if it can. */
  readonly problem: { readonly message: string; readonly fix: string } | null;
}

export async function examine(hosts: readonly Host[], placement: Placement): Promise<Examined[]> {
  const examined = await Promise.all(hosts.map((host) => examineOne(host, placement)));
  const first = examined.find(({ found }) => found !== null)?.found ?? null;
  return examined.map((one) =>
    one.problem || !one.found || !first ? one : { ...one, problem: misfit(one.found, first) },
  );
}

async function examineOne(host: Host, placement: Placement): Promise<Examined> {
  const plain = { host: spelling(host), slots: host.slots };
  try {
    const began = Date.now();
    const { found, askedMs } = isLocal(host)
      ? { found: await inspect(), askedMs: began }
      : await inspectRemote(host, placement);
    const clockOffsetMs = isLocal(host) ? 0 : found.clockMs - (askedMs + Date.now()) / 2;
    return { ...plain, found, clockOffsetMs, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    const { message, fix } = thrown;
    return { ...plain, found: null, clockOffsetMs: null, problem: { message, fix } };
  }
}

async function inspectRemote(
  host: Host,
  placement: Placement,
): Promise<{ found: Inspection; askedMs: number }> {
  let fail: (error: LockstepError) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  lost.catch(() => {}); // Heard below, if anything waits.
  const nobody = () => {};
  const link = new RemoteHost(host, placement, {
    message: nobody,
    output: nobody,
    flights: nobody,
    ended: nobody,
    lost: (error) => fail(error),
  });
  const timer = setTimeout(() => fail(tooLong(spelling(host))), INSPECT_MS);
  try {
    await link.open();
    // The kernels are compiled at the first question, and the clock is asked with the second.
    await Promise.race([link.inspect(), lost]);
    const askedMs = Date.now();
    return { found: await Promise.race([link.inspect(), lost]), askedMs };
  } finally {
    clearTimeout(timer);
    await link.close();
  }
}

/** What the greeting of processes would refuse, told beforehand. */
function misfit(found: Inspection, first: Inspection): Examined["problem"] {
  const fields = [
    ["Node", found.node, first.node],
    ["Lockstep", found.lockstep, first.lockstep],
    ["multiply-adds", found.fma ? "fused" : "plain", first.fma ? "fused" : "plain"],
    ["kernels", found.kernelDigest.slice(0, 12), first.kernelDigest.slice(0, 12)],
  ] as const;
  const different = fields.find(([, own, other]) => own !== other);
  if (different !== undefined) {
    const [name, own, other] = different;
    const fix = name === "multiply-adds" ? "train with --fma off" : "install the same on all hosts";
    return { message: `${name} is ${own} there, ${other} on the first host`, fix };
  }
  return found.ports ? null : { message: "no port can be had there", fix: "raise the limit on open files" };
}

function tooLong(host: string): EnvironmentError {
  const message = `${host} has not told what it is within ${INSPECT_MS / 1000} s`;
  return new EnvironmentError("host-slow", message, "look at its load");
}
