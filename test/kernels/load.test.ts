import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { canRevectorize, type Engine, thisHost } from "../../src/kernels/engine.ts";
import {
  type BinaryName,
  type Compile,
  compileFor,
  compileKernels,
  engines,
  instantiateKernels,
  readBinary,
} from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const run = promisify(execFile);
const revectorizes = canRevectorize(thisHost);

test("after the compile, fetch, an imported .ts file and kernels in a worker still work in the process", async (t) => {
  const model = `${temporaryFolder(t)}/model.ts`;
  writeFileSync(model, "export const answer: number = 42;\n");
  const script = fileURLToPath(new URL("./after-compile.js", import.meta.url));
  const args = thisHost.node >= 24 ? [script, model] : [script];
  const { stdout, stderr } = await run(process.execPath, ["--no-warnings", ...args]);
  t.is(stderr, "");
  const imported = thisHost.node >= 24 ? 42 : "none";
  t.deepEqual(JSON.parse(stdout), {
    fma: true,
    inWorker: 1,
    here: 1,
    element: 5,
    refused: "refused",
    imported,
  });
});

test("fma auto takes the best engine of this Node, and off takes the plain binary", (t) => {
  const auto = compileKernels("auto");
  t.deepEqual(
    [auto.engine, auto.binary, auto.warnings],
    [revectorizes ? "relaxed-256" : "relaxed-128", "relaxed", []],
  );
  t.is(auto.digest, createHash("sha256").update(readBinary("relaxed")).digest("hex"));
  const off = compileKernels("off");
  t.deepEqual([off.engine, off.binary, off.fma], [revectorizes ? "plain-256" : "plain-128", "plain", false]);
});

test("the kernels are compiled once for each setting of fma, unless the caller compiles them", (t) => {
  t.is(compileKernels("auto"), compileKernels("auto"));
  t.is(compileKernels("off"), compileKernels("off"));
  t.not(compileKernels("auto"), compileKernels("off"));
  const mine: Engine[] = [];
  const compile: Compile = (bytes, engine) => {
    mine.push(engine);
    return compileFor(bytes, engine);
  };
  t.not(compileKernels("auto", compile), compileKernels("auto", compile));
  t.is(mine.length, 2);
});

/** Compiles the other FMA class's binary for the engines named: their self-test must fail. */
function sabotage(...broken: Engine[]): Compile {
  return (bytes, engine) => {
    const other = engine.startsWith("relaxed") ? "plain" : "relaxed";
    return compileFor(broken.includes(engine) ? readBinary(other) : bytes, engine);
  };
}

test("an engine that fails the self-test is passed over for the next, with a warning that names it", (t) => {
  const all = engines("auto", true, revectorizes);
  for (let failing = 1; failing < all.length; failing++) {
    const chosen = compileKernels("auto", sabotage(...all.slice(0, failing)));
    t.is(chosen.engine, all[failing]!);
    t.is(chosen.warnings.length, failing);
    t.true(chosen.warnings.every((warning, i) => warning.includes(all[i]!)));
  }
  const error = t.throws(() => compileKernels("auto", sabotage(...all)), { instanceOf: EnvironmentError });
  t.is(error?.code, "kernels-broken");
});

test("modules of one binary for two engines are two pieces of code, and know their engine", (t) => {
  const memory = createMemory(1);
  const [first, second] = (["plain-128", "relaxed-128"] as const).map((engine) =>
    compileFor(readBinary("plain"), engine),
  );
  t.is(WebAssembly.Module.customSections(first!, "engine").length, 1);
  t.notDeepEqual(
    new Uint8Array(WebAssembly.Module.customSections(first!, "engine")[0]!),
    new Uint8Array(WebAssembly.Module.customSections(second!, "engine")[0]!),
  );
  t.is(instantiateKernels(first!, memory).fused(), 0);
});

test("a binary that is not built is an error whose fix is to build", (t) => {
  const error = t.throws(() => readBinary("missing" as BinaryName), { instanceOf: EnvironmentError });
  t.is(error?.code, "kernels-not-built");
  t.is(error?.fix, "npm run build");
});

test.serial("an engine without SIMD is refused by name", (t) => {
  const validate = WebAssembly.validate;
  WebAssembly.validate = () => false;
  t.teardown(() => {
    WebAssembly.validate = validate;
  });
  const afresh: Compile = (bytes, engine) => compileFor(bytes, engine);
  const error = t.throws(() => compileKernels("auto", afresh), { instanceOf: InputError });
  t.is(error?.code, "no-simd");
});

test("only Node versions whose revectorizer is known to compile the kernels use it, on x64", (t) => {
  const host = { node: 26, arch: "x64", platform: "linux" };
  t.true(canRevectorize(host));
  t.false(canRevectorize({ ...host, arch: "arm64" }));
  t.false(canRevectorize({ ...host, platform: "darwin" }));
  t.false(canRevectorize({ ...host, node: 22 }));
  t.false(canRevectorize({ ...host, node: 27 }));
});
