/** Processes that train together over nanomsg leave what one rank leaves; where one fails, the others say which. */
import { type ChildProcess, fork } from "node:child_process";
import { chmodSync } from "node:fs";
import test from "ava";
import type { Settings } from "../../src/base/config.ts";
import { mlp } from "../../src/nn/models.ts";
import { train } from "../../src/train.ts";
import { chanceAddress, localAddress } from "../../src/transport/links.ts";
import type { Security } from "../../src/transport/seal.ts";
import { synthetic } from "../synthetic.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { ProcessOrder, ProcessOutcome } from "./training-order.ts";

const GUARD_MS = 60_000;
const KEY = "0123456789abcdef".repeat(4);

interface Team {
  readonly ranks: readonly number[];
  readonly settings?: Partial<Settings>;
  readonly transport?: "ipc" | "tcp";
  readonly security?: Security;
  /** What differs in one process. */
  readonly odd?: (self: number) => Partial<ProcessOrder>;
  readonly environment?: Record<string, string>;
  readonly started?: (processes: readonly ChildProcess[]) => void;
}

const BASE = { epochs: 2, batch: 50, seed: 3, lr: 0.1, collectiveTimeout: 20 } as const;

function addressesOf(count: number, transport: "ipc" | "tcp", folder: string): Map<string, string> {
  const table = new Map<string, string>();
  for (let listener = 0; listener < count; listener++)
    for (let dialer = listener + 1; dialer < count; dialer++)
      table.set(
        `${listener} ${dialer}`,
        transport === "ipc" ? localAddress(folder, listener, dialer) : chanceAddress("127.0.0.1"),
      );
  return table;
}

/** What each process of a team tells; null for one that ended without a word. */
function runTeam(folder: string, team: Team): Promise<(ProcessOutcome | null)[]> {
  const { ranks, settings, transport = "ipc", security = "auth", odd, environment } = team;
  const table = addressesOf(ranks.length, transport, folder);
  const world = ranks.reduce((sum, count) => sum + count, 0);
  const processes = ranks.map((_, self) => {
    const child = fork(new URL("./training-process.js", import.meta.url), {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const peers = ranks.map((_, peer) => peer).filter((peer) => peer !== self);
    const order: ProcessOrder = {
      ...{ self, ranks, security, key: KEY },
      settings: { ...BASE, ...settings, ranks: world },
      addresses: peers.map((peer) => [
        peer,
        table.get(`${Math.min(self, peer)} ${Math.max(self, peer)}`) as string,
      ]),
      ...odd?.(self),
    };
    child.send(order);
    return child;
  });
  const ended = processes.map(
    (child) =>
      new Promise<ProcessOutcome | null>((resolve) => {
        let outcome: ProcessOutcome | null = null;
        const guard = setTimeout(() => child.kill("SIGKILL"), GUARD_MS);
        child.on("message", (message) => {
          outcome = message as ProcessOutcome;
        });
        child.on("exit", () => {
          clearTimeout(guard);
          resolve(outcome);
        });
      }),
  );
  team.started?.(processes);
  return Promise.all(ended);
}

function privateFolder(t: Parameters<typeof temporaryFolder>[0]): string {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o700);
  return folder;
}

async function alone(settings: Partial<Settings> = {}) {
  const { weightsSha256, epochs } = await train({
    model: mlp([37, 53], settings.activation ?? "relu"),
    data: synthetic(330, 60, 40, 7),
    settings: { ...BASE, ...settings, ranks: 1 },
  });
  return { weightsSha256, losses: epochs.map(({ trainLoss }) => trainLoss) };
}

const cases: [words: string, team: Team][] = [
  ["two processes of a rank each", { ranks: [1, 1] }],
  ["three ranks beside one, over tcp", { ranks: [3, 1], transport: "tcp" }],
  [
    "three processes with gelu and Adam",
    { ranks: [1, 2, 1], settings: { activation: "gelu", optimizer: "adam", lr: 0.001 } },
  ],
  [
    "two processes that clip and encrypt",
    { ranks: [1, 1], settings: { clipNorm: 0.5 }, security: "encrypt" },
  ],
  [
    "five processes with momentum",
    { ranks: [1, 1, 1, 1, 1], settings: { optimizer: "momentum" }, security: "off" },
  ],
];

for (const [words, team] of cases)
  test.serial(`${words} leave what one rank leaves`, async (t) => {
    t.timeout(GUARD_MS);
    const expected = await alone(team.settings);
    const outcomes = await runTeam(privateFolder(t), team);
    for (const outcome of outcomes) {
      t.is(outcome?.error ?? null, null);
      t.deepEqual({ weightsSha256: outcome?.weightsSha256, losses: outcome?.losses }, expected);
    }
  });

test.serial("processes with other seeds refuse each other, and say that it is the settings", async (t) => {
  const odd = (self: number) => (self === 1 ? { settings: { ...BASE, ranks: 2, seed: 4 } } : {});
  const outcomes = await runTeam(privateFolder(t), { ranks: [1, 1], odd });
  const messages = outcomes.map((outcome) => String(outcome?.error?.message));
  t.true(
    messages.some((message) => /settings differs: .*"seed":\d/.test(message)),
    messages.join("\n"),
  );
  t.true(outcomes.every((outcome) => outcome?.error !== null));
});

test.serial(
  "where a rank of one process throws, the other says that process 1 stopped, and why",
  async (t) => {
    const environment = { LOCKSTEP_FAULT: "throw:1:5" };
    const [first, second] = await runTeam(privateFolder(t), { ranks: [1, 1], environment });
    t.regex(String(second?.error?.message), /rank 1 failed at step 5: fault injected/);
    t.regex(String(first?.error?.message), /process 1 stopped: rank 1 failed at step 5: fault injected/);
  },
);

test.serial("processes stop after one and the same step, which process 0 decides", async (t) => {
  const stopsAfter = (self: number) => (self === 0 ? { stopsAfter: 6 } : {});
  const settings = { epochs: 2000 };
  const outcomes = await runTeam(privateFolder(t), { ranks: [1, 2, 1], settings, odd: stopsAfter });
  const [first] = outcomes;
  t.is(first?.status, "interrupted");
  t.is(first?.steps, 6 * 7 + 1);
  for (const outcome of outcomes) t.deepEqual(outcome, first);
});
