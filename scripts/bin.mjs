// Makes `npx lockstep` work in this folder: npm links a package's own commands only where it is installed elsewhere.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";

const target = "build/src/cli/main.js";
chmodSync(target, 0o755);
if (existsSync("node_modules") && process.platform !== "win32") {
  mkdirSync("node_modules/.bin", { recursive: true });
  rmSync("node_modules/.bin/lockstep", { force: true });
  symlinkSync(`../../${target}`, "node_modules/.bin/lockstep");
}
