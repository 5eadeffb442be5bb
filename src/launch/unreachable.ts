/** Why a host could not be used, in one sentence with its fix: what ssh and the remote shell left of it. */
import type { Placement } from "../base/config.ts";
import { EnvironmentError } from "../base/errors.ts";
import { START_EXIT_CODES } from "./ssh.ts";

/** How the call of ssh ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines of its stderr. */
  readonly said: readonly string[];
}

/** ssh's own words (OpenSSH 7 to 10), and what to do. */
const BY_HAND = "until it works by hand without a question:";
/** `call` is what a person types: the user's own ssh command, and the host. */
const WORDS: [pattern: RegExp, code: string, fix: (call: string) => string][] = [
  [/host key verification failed/i, "host-key-unknown", (call) => `accept its key once by hand: ${call}`],
  [
    /permission denied|too many authentication failures/i,
    "host-refuses-key",
    (call) => `give it your key (ssh-copy-id); then try ${BY_HAND} ${call}`,
  ],
  [/could not resolve/i, "host-unknown", () => "correct its name, or add it to /etc/hosts or ~/.ssh/config"],
  [
    /timed out|no route|refused|unreachable|connection closed|reset by peer/i,
    "host-unreachable",
    (call) => `see that it is up and runs sshd, then try ${BY_HAND} ${call}`,
  ],
];

export function unreachable(
  host: string,
  { code, signal, said }: Ended,
  { remoteDir, ssh }: Placement,
): EnvironmentError {
  const text = said.join("; ");
  const call = `${ssh} ${host}`;
  const last =
    said.at(-1) ??
    (signal === null ? `${ssh} ended with exit code ${code}` : `${ssh} was ended by ${signal}`);
  const where = remoteDir === null ? "in this very folder, with this very Node" : `in ${remoteDir}`;
  if (code === START_EXIT_CODES.noFolder) {
    const folder = remoteDir ?? process.cwd();
    return notThere(
      host,
      "no-remote-folder",
      `the folder ${folder}`,
      "say with --remote-dir where Lockstep is there",
    );
  }
  const install = `install Lockstep there ${where}, or say with --remote-dir where it is`;
  if (code === START_EXIT_CODES.noNode) {
    const node =
      remoteDir === null ? `the Node ${process.execPath}` : `Node, neither in ${remoteDir} nor on its PATH`;
    return notThere(host, "no-remote-node", node, install);
  }
  if (code === START_EXIT_CODES.noScript)
    return notThere(host, "no-remote-lockstep", `Lockstep ${where}`, install);
  const known = WORDS.find(([pattern]) => code === 255 && pattern.test(text));
  if (known !== undefined)
    return new EnvironmentError(known[1], `cannot reach ${host}: ${last}`, known[2](call));
  return new EnvironmentError("host-lost", `the agent on ${host} ended: ${last}`, `try ${BY_HAND} ${call}`);
}

function notThere(host: string, code: string, what: string, fix: string): EnvironmentError {
  return new EnvironmentError(code, `${host} does not have ${what}`, fix);
}
