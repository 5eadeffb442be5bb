/** An ssh that records its words, says what a login shell may say, and runs the command here. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Its path; it does `before` first. */
export function shim(folder: string, before: string): string {
  const path = join(folder, "ssh");
  const lines = [
    "#!/bin/sh",
    `printf '%s\\n' "$@" >> '${join(folder, "words")}'`,
    "for last; do :; done",
    before,
    'SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2" exec sh -c "$last"',
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return path;
}
