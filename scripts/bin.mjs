// Makes `npx lockstep` work in this folder: npm links a package's own commands only where it is installed elsewhere.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";

const target = "build/src/cli/main.js";
chmodSync(target, 0o755);
// The compiler leaves files alone that come out the same; scripts/prepare.mjs asks when it last succeeded.
utimesSync(target, new Date(), new Date());
if (existsSync("node_modules") && process.platform !== "win32") {
  mkdirSync("node_modules/.bin", { recursive: true });
  rmSync("node_modules/.bin/lockstep", { force: true });
  symlinkSync(`../../${target}`, "node_modules/.bin/lockstep");
}
