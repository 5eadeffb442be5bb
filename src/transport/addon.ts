/** Loads the nanomsg addon when it is first needed; says how to build it where that fails. */
import { createRequire } from "node:module";
import { EnvironmentError } from "../base/errors.ts";

/** The raw calls of libnanomsg: socket numbers, and negative numbers or null for failures. The rest are its constants. */
export interface NanomsgBindings {
  Socket(domain: number, protocol: number): number;
  Close(socket: number): number;
  Bind(socket: number, address: string): number;
  Connect(socket: number, address: string): number;
  Setopt(socket: number, level: number, option: number, value: number): number;
  Send(socket: number, bytes: Buffer, flags: number): number;
  /** A message, or a negative number. */
  Recv(socket: number, flags: number): Buffer | number;
  /** Calls back whenever the socket can be read (or, for a sender, written). */
  PollSocket(socket: number, isSender: boolean, ready: () => void): unknown;
  PollStop(poll: unknown): void;
  Errno(): number;
  Err(): string;
  readonly [name: string]: unknown;
}

const BUILD = "build it: `node scripts/addon.mjs` in Lockstep's folder (it needs python3, make and g++)";

/** `from` is the module or folder beside whose node_modules the package is looked for. */
export function loadNanomsg(from: string = import.meta.url): NanomsgBindings {
  try {
    return (createRequire(from)("nanomsg") as { _bindings: NanomsgBindings })._bindings;
  } catch (thrown) {
    throw explained(thrown);
  }
}

function explained(thrown: unknown): EnvironmentError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (
    /compiled against a different Node\.js version|did not self-register|undefined symbol: \S*v8/.test(
      message,
    )
  ) {
    return new EnvironmentError(
      "addon-of-other-node",
      `the nanomsg addon was built for another Node than this one (${process.versions.node})`,
      "run Lockstep with `npx lockstep`, which takes the Node that it was built for; or delete node_modules/node-linux-* and build it anew: `node scripts/addon.mjs`",
      thrown,
    );
  }
  if (code === "MODULE_NOT_FOUND" && /'nanomsg'/.test(message)) {
    return new EnvironmentError(
      "addon-missing",
      "the package nanomsg is not installed",
      "npm install",
      thrown,
    );
  }
  if (/Could not locate the bindings file/.test(message)) {
    return new EnvironmentError("addon-not-built", "the nanomsg addon is not built", BUILD, thrown);
  }
  return new EnvironmentError(
    "addon-broken",
    `the nanomsg addon does not load: ${message.split("\n")[0]}`,
    BUILD,
    thrown,
  );
}
