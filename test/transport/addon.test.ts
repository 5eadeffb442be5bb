import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import test from "ava";
import { EnvironmentError } from "../../src/base/errors.ts";
import { loadNanomsg } from "../../src/transport/addon.ts";

const root = mkdtempSync(join(tmpdir(), "lockstep-addon-"));
test.after.always(() => rmSync(root, { recursive: true }));

const require = createRequire(import.meta.url);
const nanomsg = dirname(require.resolve("nanomsg/package.json"));

/** A project whose node_modules has a nanomsg without its build; `binary` is put in the place of the addon. */
function project(name: string, binary?: string): string {
  const modules = join(root, name, "node_modules");
  mkdirSync(join(modules, "nanomsg"), { recursive: true });
  for (const part of ["package.json", "lib"])
    cpSync(join(nanomsg, part), join(modules, "nanomsg", part), { recursive: true });
  const bindings = dirname(require.resolve("bindings/package.json"));
  symlinkSync(bindings, join(modules, "bindings"));
  if (binary !== undefined) {
    const folder = join(modules, "nanomsg", "build", "Release");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "node_nanomsg.node"), binary);
  }
  return join(root, name, "index.js");
}

const pinned = realpathSync(process.execPath).includes("node_modules");

/** Nodes of other versions than the one that the addon was built for; NODE_MODULE_VERSION tells them apart. */
function otherNode(): string | null {
  const abi = (node: string) =>
    execFileSync(node, ["-p", "process.versions.modules"], { encoding: "utf8" }).trim();
  const nodes = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const strangers = nodes.filter((node) => existsSync(node) && !realpathSync(node).includes("node_modules"));
  return strangers.find((node) => abi(node) !== process.versions.modules) ?? null;
}

(pinned ? test : test.skip)("the addon loads on the pinned Node, and a pair of sockets connects", (t) => {
  const { Socket, Bind, Connect, Close, AF_SP, NN_PAIR } = loadNanomsg();
  const sockets = [Socket(Number(AF_SP), Number(NN_PAIR)), Socket(Number(AF_SP), Number(NN_PAIR))];
  t.true(Bind(sockets[0], "inproc://lockstep-addon-test") >= 0);
  t.true(Connect(sockets[1], "inproc://lockstep-addon-test") >= 0);
  for (const socket of sockets) t.is(Close(socket), 0);
});

const other = pinned ? otherNode() : process.execPath;
(other === null ? test.skip : test)(
  "a Node that the addon was not built for gets an error with the fix, not a crash",
  (t) => {
    const module = new URL("../../src/transport/addon.js", import.meta.url).href;
    const script = `import(${JSON.stringify(module)}).then(({ loadNanomsg }) => {
    try { loadNanomsg(); } catch ({ name, code, fix }) { console.log(name, code, fix); } })`;
    const said = execFileSync(other as string, ["-e", script], { encoding: "utf8" });
    t.regex(said, /^EnvironmentError addon-of-other-node run Lockstep with `npx lockstep`/);
  },
);

test("an addon that is not built is told with the command that builds it", (t) => {
  const error = t.throws(() => loadNanomsg(project("unbuilt")), { instanceOf: EnvironmentError });
  t.like(error, { code: "addon-not-built", message: "the nanomsg addon is not built", exitCode: 1 });
  t.true(error?.fix.includes("`node scripts/addon.mjs`"));
});

test("an addon that is no library is told apart from one that is not built", (t) => {
  const error = t.throws(() => loadNanomsg(project("broken", "no library")), {
    instanceOf: EnvironmentError,
  });
  t.is(error?.code, "addon-broken");
});

test("a nanomsg that is not installed is told with the command that installs it", (t) => {
  mkdirSync(join(root, "none"));
  const error = t.throws(() => loadNanomsg(join(root, "none", "index.js")), { instanceOf: EnvironmentError });
  t.like(error, { code: "addon-missing", fix: "npm install" });
});
