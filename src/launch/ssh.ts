/** The way to another host: the system's ssh, which runs an agent there; all that varies goes through its input. */
import { fileURLToPath } from "node:url";
import type { Placement } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import type { Host } from "./hostfile.ts";

const CONNECT_TIMEOUT_S = 10;
const OPTIONS = [
  "BatchMode=yes", // Nobody is there to type a password.
  `ConnectTimeout=${CONNECT_TIMEOUT_S}`,
  "ServerAliveInterval=5",
  "ServerAliveCountMax=3",
];

/** How the agent's start failed, by the exit code of `AGENT_COMMAND`. */
export const START_EXIT_CODES = { noFolder: 66, noNode: 67, noScript: 68 } as const;

/**
 * Fixed, for any login shell to pass on: three lines of input say folder, Node and script; without the latter two they are looked
 * for in the folder. `read` takes no byte more than its line from a pipe, the rest is the agent's.
 */
export const AGENT_COMMAND = `exec sh -c '${[
  "IFS= read -r folder && IFS= read -r node && IFS= read -r script || exit 1",
  'cd -- "$folder" || exit 66',
  'if [ -z "$node" ]; then node=node_modules/.bin/node; [ -x "$node" ] || node=$(command -v node) || exit 67; fi',
  'if [ -z "$script" ]; then script=build/src/launch/agent-entry.js',
  '[ -f "$script" ] || script=node_modules/lockstep/$script; fi',
  '[ -x "$node" ] || exit 67',
  '[ -f "$script" ] || exit 68',
  'exec "$node" "$script"',
].join("; ")}'`;

/** The words of the call. A host's name was checked when it was read: it is no option, and nothing for a shell. */
export function sshWords({ name, user }: Pick<Host, "name" | "user">, command: string): string[] {
  const options = OPTIONS.flatMap((option) => ["-o", option]);
  const host = user === null ? name : `${user}@${name}`;
  return [...command.trim().split(/\s+/), ...options, "-T", "--", host, AGENT_COMMAND];
}

/** The lines that the command reads first: this launcher's own folder, Node and script, or another folder to look in. */
export function startLines(remoteDir: Placement["remoteDir"]): string {
  const script = fileURLToPath(new URL("./agent-entry.js", import.meta.url));
  const lines = remoteDir === null ? [process.cwd(), process.execPath, script] : [remoteDir, "", ""];
  const broken = lines.find((line) => /[\n\r]/.test(line));
  if (broken === undefined) return `${lines.join("\n")}\n`;
  throw new InputError(
    "bad-folder",
    `the path ${JSON.stringify(broken)} has a line break, and hosts cannot be told of it`,
    "run from another folder, or give --remote-dir",
  );
}
