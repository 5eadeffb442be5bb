/** A real sshd of the test's own on 127.0.0.2: own configuration, host key, user key and port; gone with the test. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";

const SSHD = "/usr/sbin/sshd";
export const ADDRESS = "127.0.0.2";

/** Only root may open sessions, and only Linux answers on all of 127/8. */
export const hasSshd = process.getuid?.() === 0 && process.platform === "linux" && existsSync(SSHD);

export interface Sshd {
  /** What --ssh takes. */
  readonly ssh: string;
  /** The same without the user's key, and without knowing the host's key. */
  readonly withoutKey: string;
  readonly withoutHostKey: string;
  readonly process: ChildProcess;
}

export async function startSshd(t: ExecutionContext): Promise<Sshd> {
  const folder = temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  for (const name of ["host", "user", "other"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
  mkdirSync("/run/sshd", { recursive: true });
  const port = await freePort();
  const sshdLines = [
    `ListenAddress ${ADDRESS}:${port}`,
    ...[`HostKey ${at("host")}`, `AuthorizedKeysFile ${at("user.pub")}`, "PermitRootLogin prohibit-password"],
    ...["StrictModes no", "UsePAM no", "PasswordAuthentication no", "PidFile none", "LogLevel ERROR"],
  ];
  writeFileSync(at("sshd_config"), `${sshdLines.join("\n")}\n`);
  writeFileSync(at("known"), `[${ADDRESS}]:${port} ${readFileSync(at("host.pub"), "utf8")}`);
  writeFileSync(at("none"), "");
  const client = (name: string, key: string, known: string) => {
    const lines = [
      `Port ${port}`,
      "User root",
      `IdentityFile ${at(key)}`,
      "IdentitiesOnly yes",
      "IdentityAgent none",
    ];
    lines.push(`UserKnownHostsFile ${at(known)}`, "GlobalKnownHostsFile none", "StrictHostKeyChecking yes");
    writeFileSync(at(name), `${lines.join("\n")}\n`);
    return `ssh -F ${at(name)}`;
  };
  const sshd = spawn(SSHD, ["-D", "-e", "-f", at("sshd_config")], { stdio: ["ignore", "ignore", "pipe"] });
  t.teardown(() => sshd.kill("SIGKILL"));
  await untilListening(port);
  return {
    ssh: client("good", "user", "known"),
    withoutKey: client("bad-key", "other", "known"),
    withoutHostKey: client("bad-host", "user", "none"),
    process: sshd,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, ADDRESS, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, ADDRESS, () => resolve(true));
      socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
    });
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no sshd listens on ${ADDRESS}:${port}`);
}
