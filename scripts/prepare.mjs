// npm's `prepare`: builds, unless everything that is built is newer than everything that it is built from.
// `npx lockstep` in a clone prepares the package before each first use; seconds for nothing.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ["assembly", "src", "test", "examples", "scripts"];
const SETTINGS = ["package.json", "package-lock.json", "tsconfig.json", "asconfig.json"];
const KERNELS = ["plain", "relaxed", "reference-plain", "reference-relaxed"];
/** What each half of the build writes; the last step of the build sets the time of main.js. */
const BUILT = [...KERNELS.map((name) => `build/kernels/${name}.wasm`), "build/src/cli/main.js"];

function modifiedMs(path) {
  return existsSync(path) ? statSync(path).mtimeMs : null;
}

function isBuilt() {
  const built = BUILT.map((path) => modifiedMs(join(root, path)));
  if (built.includes(null) || !existsSync(join(root, "node_modules/.bin/lockstep"))) return false;
  const files = SOURCES.flatMap((folder) => {
    const path = join(root, folder);
    return existsSync(path)
      ? ["", ...readdirSync(path, { recursive: true })].map((name) => join(path, name))
      : [];
  });
  const sources = [...files, ...SETTINGS.map((name) => join(root, name))].map(
    (path) => modifiedMs(path) ?? 0,
  );
  return Math.min(...built) > sources.reduce((newest, ms) => Math.max(newest, ms), 0);
}

if (!isBuilt()) process.exit(spawnSync("npm", ["run", "build"], { cwd: root, stdio: "inherit" }).status ?? 1);
