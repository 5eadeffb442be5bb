/** Who listens where on this machine, as Linux tells it in /proc: sockets of processes, and files that are sockets. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** State of a socket that listens, in /proc/net/tcp. */
const LISTENS = "0A";

/** The TCP ports at which these processes listen. */
export function portsOf(pids: readonly number[]): number[] {
  const own = new Set(pids.flatMap(socketsOf));
  const found = listening().filter(({ inode }) => own.has(inode));
  return [...new Set(found.map(({ port }) => port))];
}

/** Those of `ports` at which anybody listens. */
export function heldOf(ports: readonly number[]): number[] {
  const held = new Set(listening().map(({ port }) => port));
  return ports.filter((port) => held.has(port));
}

/** The sockets below `folder` that somebody holds. */
export function socketFilesIn(folder: string): string[] {
  const paths = readFileSync("/proc/net/unix", "utf8").split("\n");
  return paths.map((line) => line.split(" ").at(-1) as string).filter((path) => path.startsWith(folder));
}

function listening(): { inode: string; port: number }[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => {
    const rows = readFileSync(path, "utf8").trim().split("\n").slice(1);
    const fields = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === LISTENS);
    return fields.map((row) => ({ inode: row[9], port: Number.parseInt(row[1].split(":")[1], 16) }));
  });
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return []; // Gone, or closed meanwhile.
  }
}
