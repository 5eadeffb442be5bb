/**
 * Where processes reach each other: a file that is its user's alone within a host, one address and a port by
 * chance between hosts.
 */
import { statSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { InputError } from "../base/errors.ts";
import { GREETING_BYTES } from "./greeting.ts";
import { NanomsgWire } from "./nanomsg.ts";

/** Of a path in a sockaddr_un, the last one 0. */
const LONGEST_PATH_BYTES = 107;

/** Throws an InputError for an address at which more than one peer, or anybody else's, could be met. */
export function checkAddress(address: string, binds: boolean): void {
  const [, scheme, rest] = /^(ipc|tcp):\/\/(.+)$/.exec(address) ?? [];
  if (scheme === "ipc") checkPath(rest, binds);
  else if (scheme === "tcp") checkHost(rest, address);
  else throw refused(`${address || "nothing"} is no address of a link`, "give ipc:///path or tcp://IP:port");
}

function checkPath(path: string, binds: boolean): void {
  if (!path.startsWith("/") || Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw refused(
      `the socket ${path} needs a path from the root of at most ${LONGEST_PATH_BYTES} bytes`,
      "set TMPDIR to a folder with a shorter name",
    );
  if (!binds) return;
  const folder = dirname(path);
  const { mode, uid } = statSync(folder);
  if ((mode & 0o077) !== 0 || uid !== process.getuid?.())
    throw refused(`other users can enter ${folder}, where a link's socket should be`, `chmod 700 ${folder}`);
}

function checkHost(rest: string, address: string): void {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(rest) ?? [];
  const host = bracketed ?? plain ?? "";
  if (isIP(host) === 0 || Number(port) === 0 || Number(port) > 65_535)
    throw refused(`${address} is not tcp://IP:port`, "give one of the host's own IP addresses");
  if (/^[0.:]+$/.test(host) || host === "::ffff:0.0.0.0")
    throw refused(`${address} would let in everybody`, "give one of the host's own IP addresses");
}

function refused(message: string, fix: string): InputError {
  return new InputError("bad-address", message, fix);
}

/** Throws an InputError for what is no address, an EnvironmentError where nothing can be bound to it. */
export function makeWire(address: string, binds: boolean): NanomsgWire {
  checkAddress(address, binds);
  return new NanomsgWire({ address, binds, admitBytes: GREETING_BYTES });
}
