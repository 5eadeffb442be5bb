// On what a table was measured: without it, figures say nothing.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { node, root } from "./child.mjs";

/** One paragraph in Markdown: processor, cores, memory, system, versions, commit, load; and the peers' versions. */
export function describeMachine(peers = []) {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const versions = [`Node ${ask(node, "--version")}`, `commit ${ask("git", "rev-parse", "--short", "HEAD")}`];
  const load = `load ${loadavg()[0].toFixed(2)} at the start`;
  const parts = [
    processor(),
    `${availableParallelism()} cores`,
    memory,
    system(),
    ...versions,
    ...peers,
    load,
  ];
  return `${new Date().toISOString().slice(0, 10)}; ${parts.join("; ")}.`;
}

/** Some virtual machines do not name their processor: its numbers do. */
function processor() {
  const name = cpus()[0]?.model.trim() ?? "unknown processor";
  const field = (key) => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(read("/proc/cpuinfo"))?.[1];
  const family = field("cpu family");
  return family ? `${name} (family ${family}, model ${field("model")})` : name;
}

function system() {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(read("/etc/os-release"))?.[1] ?? process.platform;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function ask(command, ...words) {
  try {
    return execFileSync(command, words, { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
