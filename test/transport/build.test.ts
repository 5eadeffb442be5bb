import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";

const PINNED = `node-${process.platform}-${process.arch}`;

/** A checkout whose path has a space, with a nanomsg that is never built and, if asked for, a pinned Node. */
function checkout(t: ExecutionContext, pinned: boolean): string {
  const root = join(temporaryFolder(t), "a b");
  for (const folder of ["scripts", "node_modules/nanomsg"])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync("scripts/addon.mjs", join(root, "scripts/addon.mjs"));
  writeFileSync(join(root, "package.json"), "{}");
  writeFileSync(join(root, "node_modules/nanomsg/package.json"), "{}");
  if (pinned) {
    mkdirSync(join(root, "node_modules", PINNED, "bin"), { recursive: true });
    writeFileSync(join(root, "node_modules", PINNED, "package.json"), "{}");
    symlinkSync(process.execPath, join(root, "node_modules", PINNED, "bin/node"));
  }
  return root;
}

function build(root: string, environment: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/addon.mjs"], {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** A node-gyp that tells how it was called; it leaves a main file, which is all that loading asks for. */
const TELLING = `
require("node:fs").writeFileSync("index.js", "");
require("node:fs").writeFileSync("../../told.json", JSON.stringify([process.cwd(), process.argv.slice(2), Object.keys(process.env)]));`;

for (const pinned of [true, false]) {
  test(`the addon is built ${pinned ? "with the headers of the pinned Node, by a path that has no space" : "with the headers of the running Node, if there is no pinned one"}`, (t) => {
    const root = checkout(t, pinned);
    const gyp = join(root, "gyp.cjs");
    writeFileSync(gyp, TELLING);
    const { status, stdout, stderr } = build(root, {
      npm_config_node_gyp: gyp,
      npm_config_nodedir: "/of/another/node",
    });
    t.deepEqual([status, stderr], [0, ""]);
    t.is(stdout, `lockstep: the nanomsg addon was built for Node ${process.version}\n`);
    const read = spawnSync("cat", [join(root, "told.json")], { encoding: "utf8" }).stdout;
    const [folder, argv, names] = JSON.parse(read) as [string, string[], string[]];
    t.true(folder.endsWith("/a b/node_modules/nanomsg"));
    t.is(argv[0], "rebuild");
    if (pinned) t.true(argv.includes(`--nodedir=../${PINNED}`), argv.join(" "));
    else
      t.false(
        argv.some((argument) => argument.startsWith("--nodedir=/")),
        argv.join(" "),
      );
    t.false(names.includes("npm_config_nodedir"));
  });
}

test("a build that fails does not fail the install: it says why, and how to try again", (t) => {
  const root = checkout(t, true);
  const gyp = join(root, "gyp.cjs");
  writeFileSync(gyp, 'console.error("gyp ERR! no compiler"); process.exit(1);');
  const failed = build(root, { npm_config_node_gyp: gyp });
  t.is(failed.status, 0);
  t.regex(
    failed.stderr,
    /not built: node-gyp failed:\n {2}gyp ERR! no compiler\n.*: node scripts\/addon\.mjs\n$/,
  );
  const absent = build(root, { PATH: "/nowhere" });
  t.is(absent.status, 0);
  t.regex(
    absent.stderr,
    /not built: node-gyp, which comes with npm, was not found\n.*: node scripts\/addon\.mjs\n$/,
  );
});
