/** What a command is given besides its flags: where to write, and the machine it runs on. */
import type { Output } from "./output.ts";

export interface Context {
  readonly output: Output;
  /** The command line as it was given, without node and the script. */
  readonly argv: readonly string[];
  /** Cores that this process may use. */
  readonly cores: number;
}
