// Builds the nanomsg addon for the Node that will load it: the pinned one in node_modules, else the one that runs this.
// Runs after `npm install`, and by hand as `node scripts/addon.mjs`. Never fails an install: it says what to do instead.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, "package.json"));
const FIX = "node scripts/addon.mjs";

/** The folder of a package that this one depends on, hoisted or not; null if it is not installed. */
function packageFolder(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/** The Node that npm put into node_modules/.bin, and the folder whose include/ has its headers. */
function pinnedNode() {
  const folder = packageFolder(`node-${process.platform}-${process.arch}`);
  const binary = folder && join(folder, "bin", "node");
  return binary && existsSync(binary) ? { binary, headers: folder } : null;
}

/** The running Node, and the folder with its headers if they are of this very version. */
function runningNode() {
  const headers = dirname(dirname(realpathSync(process.execPath)));
  const file = join(headers, "include", "node", "node_version.h");
  const [major, minor, patch] = process.versions.node.split(".");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const same = [`MAJOR_VERSION ${major}`, `MINOR_VERSION ${minor}`, `PATCH_VERSION ${patch}`];
  return {
    binary: process.execPath,
    headers: same.every((line) => text.includes(`NODE_${line}\n`)) ? headers : null,
  };
}

/** npm names its node-gyp to the scripts it runs; by hand it is looked for beside npm. */
function findNodeGyp() {
  const named = process.env.npm_config_node_gyp;
  const besideNpm = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
    const npm = join(folder, "npm");
    if (!existsSync(npm)) return [];
    const above = dirname(dirname(realpathSync(npm)));
    return [
      join(above, "node_modules/node-gyp/bin/node-gyp.js"),
      join(above, "lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js"),
    ];
  });
  return [named, ...besideNpm].find((path) => path && existsSync(path)) ?? null;
}

/** The environment of the build: npm's own `nodedir` would give the headers of another Node. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => name.toLowerCase() !== "npm_config_nodedir");
  return Object.fromEntries(kept);
}

function isBuilt(node, nanomsg) {
  return spawnSync(node, ["-e", `require(${JSON.stringify(nanomsg)})`], { stdio: "ignore" }).status === 0;
}

function build() {
  const nanomsg = packageFolder("nanomsg");
  if (nanomsg === null) return { built: false, why: "the package nanomsg is not installed (npm install)" };
  const { binary, headers } = pinnedNode() ?? runningNode();
  const version = spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout?.trim();
  if (!version) return { built: false, why: `${binary} does not run on this machine` };
  if (isBuilt(binary, nanomsg)) return { built: true, how: `is built for Node ${version}` };
  const nodeGyp = findNodeGyp();
  if (nodeGyp === null) return { built: false, why: "node-gyp, which comes with npm, was not found" };
  // Relative, since node-gyp's makefiles do not take an absolute path with a space.
  const nodedir = headers === null ? [] : [`--nodedir=${relative(nanomsg, headers)}`];
  const { status, stdout, stderr, error } = spawnSync(
    binary,
    [nodeGyp, "rebuild", "--jobs=max", ...nodedir],
    {
      cwd: nanomsg,
      env: environment(),
      encoding: "utf8",
      maxBuffer: 1 << 26,
    },
  );
  if (status === 0 && isBuilt(binary, nanomsg)) return { built: true, how: `was built for Node ${version}` };
  const last = `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`.trim().split("\n").slice(-12);
  return { built: false, why: `node-gyp failed:\n  ${last.join("\n  ")}` };
}

const { built, how, why } = build();
if (built) console.log(`lockstep: the nanomsg addon ${how}`);
else {
  console.warn(`lockstep: the nanomsg addon was not built: ${why}`);
  console.warn(
    `lockstep: one machine trains without it; several need it. Try again (python3, make and g++ are needed): ${FIX}`,
  );
}
