/** npm's `prepare`, in a copy of the folder's outline: it builds what is missing or out of date, and nothing else. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";

const BUILT = [
  ...["plain", "relaxed", "reference-plain", "reference-relaxed"].map((name) => `build/kernels/${name}.wasm`),
  "build/src/cli/main.js",
  "node_modules/.bin/lockstep",
];

test("prepare builds where something is missing or older than a source, and returns at once where nothing is", (t) => {
  const folder = temporaryFolder(t);
  const write = (path: string, second: number, text = "") => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    utimesSync(join(folder, path), second, second);
  };
  const age = (second: number) => {
    for (const path of ["src/deep", "src", "scripts", "assembly"])
      utimesSync(join(folder, path), second, second);
  };
  write("package.json", 10, JSON.stringify({ name: "x", scripts: { build: "echo building" } }));
  write("src/deep/a.ts", 10);
  write("assembly/a.ts", 10);
  mkdirSync(join(folder, "scripts"));
  copyFileSync("scripts/prepare.mjs", join(folder, "scripts", "prepare.mjs"));
  utimesSync(join(folder, "scripts", "prepare.mjs"), 10, 10);
  age(10);
  const builds = () =>
    execFileSync(process.execPath, [join(folder, "scripts", "prepare.mjs")], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).includes("building");
  t.true(builds(), "a fresh clone");
  for (const path of BUILT) write(path, 20);
  t.false(builds(), "all built");
  for (const path of ["src/deep/a.ts", "assembly/a.ts", "package.json", "scripts/prepare.mjs"]) {
    utimesSync(join(folder, path), 30, 30);
    t.true(builds(), path);
    utimesSync(join(folder, path), 10, 10);
  }
  for (const path of BUILT) {
    rmSync(join(folder, path));
    t.true(builds(), `without ${path}`);
    write(path, 20);
  }
  t.false(builds(), "all built again");
});
