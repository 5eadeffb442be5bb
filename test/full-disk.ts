/** A file system that is full, seen by one command alone: needs no privileges, but a kernel that lets users have namespaces. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";

const UNSHARE = ["--user", "--map-root-user", "--mount", "bash", "-c"];

export const canFillDisks = (): boolean => spawnSync("unshare", [...UNSHARE, "true"]).status === 0;

/** Runs `script` where disk/ of `folder` is a full file system, to which `prepared` was copied before it was. */
export function onFullDisk(folder: string, script: string, prepared?: string): SpawnSyncReturns<string> {
  const lines = [
    "mkdir -p disk && mount -t tmpfs -o size=1m tmpfs disk",
    prepared === undefined ? "true" : `cp -r ${prepared} disk/`,
    "! head -c 2M /dev/zero > disk/filling 2>/dev/null",
    script,
  ];
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync("unshare", [...UNSHARE, lines.join(" && ")], { cwd: folder, env, encoding: "utf8" });
}
