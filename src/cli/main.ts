#!/usr/bin/env node
/** The bin: the process's streams and exit code round one call of the command line. */
import { lockstep } from "./lockstep.ts";

// Who stopped listening (`lockstep … | head`) is no failure; the run goes on, and its folder has it all.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
process.exit(await lockstep(process.argv.slice(2), process.stdout, process.stderr, process.env));
