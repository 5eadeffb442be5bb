#!/usr/bin/env node
/** The bin: the process's streams and exit code round one call of the command line. */
import { lockstep } from "./lockstep.ts";

let unwritten: Error | null = null;
// Who stopped listening (`lockstep … | head`) is no failure; the run goes on, and its folder has it all.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") unwritten ??= error;
  });
}

const exitCode = await lockstep(process.argv.slice(2), process.stdout, process.stderr, process.env);
await new Promise((resolve) => setImmediate(resolve)); // A stream tells its errors a tick later.
if (unwritten !== null && exitCode === 0) {
  process.stderr.write(`lockstep: cannot write the results: ${(unwritten as Error).message}\n`);
  process.exit(1);
}
process.exit(exitCode);
