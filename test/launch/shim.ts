/** An ssh that records its words, says what a login shell may say, and runs the command here. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Its path; it does `before` first. `way` is what sshd would say: from where to where the connection is. */
export function shim(folder: string, before: string, way = "127.0.0.1 1 127.0.0.1 2"): string {
  const path = join(folder, "ssh");
  const lines = [
    "#!/bin/sh",
    `printf '%s\\n' "$@" >> '${join(folder, "words")}'`,
    "for last; do :; done",
    before,
    `SSH_CONNECTION="${way}" exec sh -c "$last"`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return path;
}
