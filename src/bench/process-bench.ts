/** The allreduces of several processes of this machine over links: starts the processes, and hears what they measure. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "../base/errors.ts";
import { chanceAddress, localAddress } from "../transport/links.ts";
import type { Security } from "../transport/seal.ts";
import { type AllreduceCase, type AllreduceRow, ranksByProcess, rowOfCase } from "./allreduce-case.ts";
import type { Summer } from "./allreduce-plan.ts";
import type { ProcessMessage, ProcessOrder } from "./process-order.ts";

export interface LinkSettings {
  readonly security: Security;
  readonly sums: Summer;
}

/** Addresses are taken by chance; where one is taken already, others are tried. */
const ATTEMPTS = 5;

/** Resolves when all cases, of one transport and number of ranks, are measured; rejects with the first failure of a process. */
export async function benchProcesses(
  cases: readonly AllreduceCase[],
  links: LinkSettings,
  budgetMs: number,
  tell: (row: AllreduceRow) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runProcesses(cases, links, budgetMs, tell);
    } catch (thrown) {
      const isTaken = thrown instanceof EnvironmentError && thrown.code === "address-in-use";
      if (!isTaken || attempt === ATTEMPTS) throw thrown;
    }
  }
}

async function runProcesses(
  cases: readonly AllreduceCase[],
  { security, sums }: LinkSettings,
  budgetMs: number,
  tell: (row: AllreduceRow) => void,
): Promise<void> {
  const [{ transport }] = cases;
  const ranks = ranksByProcess(cases[0]);
  const folder = mkdtempSync(join(tmpdir(), "lockstep-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // Ctrl-C
  const table = new Map<string, string>();
  const addressOf = (listener: number, dialer: number): string => {
    const link = `${listener} ${dialer}`;
    const address =
      table.get(link) ??
      (transport === "ipc" ? localAddress(folder, listener, dialer) : chanceAddress("127.0.0.1"));
    table.set(link, address);
    return address;
  };
  const children: ChildProcess[] = [];
  const key = randomBytes(32).toString("hex");
  const all = [...ranks.keys()];
  const ends = all.map((self) => {
    const child = fork(new URL("./allreduce-process.js", import.meta.url), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    children.push(child);
    const others = all.filter((peer) => peer !== self);
    const addresses = others.map(
      (peer) => [peer, addressOf(Math.min(self, peer), Math.max(self, peer))] as const,
    );
    child.send({
      self,
      processes: ranks.length,
      ranks: ranks[self],
      addresses,
      security,
      sums,
      key,
      cases,
      budgetMs,
    } satisfies ProcessOrder);
    return endOf(child, nameOf(ranks[self]), ({ one, times }) => tell(rowOfCase(one, times)));
  });
  try {
    await Promise.all(ends);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.allSettled(ends);
    process.off("exit", remove);
    remove();
  }
}

type Measured = Extract<ProcessMessage, { type: "measured" }>;

const nameOf = (ranks: readonly number[]): string =>
  ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks[0]} to ${ranks.at(-1)}`;

/** Resolves when a process has ended well. */
function endOf(child: ChildProcess, who: string, measured: (message: Measured) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: ProcessMessage) => {
      if (message.type === "measured") measured(message);
      else reject(new EnvironmentError(message.code, `${who}: ${message.message}`, message.fix));
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      const how = signal === null ? `exit code ${code}` : signal;
      reject(new EnvironmentError("process-ended", `the process of ${who} ended: ${how}`, "try again"));
    });
  });
}
