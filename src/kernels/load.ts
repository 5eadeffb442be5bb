/** From the built wasm files to a compiled module for all threads, and from it to one thread's kernels. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiateSync } from "@assemblyscript/loader";
import { EnvironmentError, InputError } from "../base/errors.ts";
import type { Kernels } from "./abi.ts";
import {
  canRevectorize,
  type Engine,
  type Host,
  thisHost,
  withCompileFlags,
  withRelaxedSimd,
} from "./engine.ts";
import { createMemory } from "./memory.ts";
import { checkSubnormals, SELF_TEST_BYTES, selfTest } from "./selftest.ts";

export type BinaryName =
  | "plain"
  | "relaxed"
  | "reference-plain"
  | "reference-relaxed"
  | "peak-plain"
  | "peak-relaxed";

/** The kernels, compiled once on the main thread; `module` goes to the workers in workerData. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module;
  readonly binary: "relaxed" | "plain";
  readonly engine: Engine;
  /** The FMA class (NUMERICS §2.14): whether a multiply-add rounds once. */
  readonly fma: boolean;
  /** SHA-256 of the wasm file, hex. */
  readonly digest: string;
  /** One sentence for each engine that failed its self-test and was passed over. */
  readonly warnings: readonly string[];
}

/** Builds the module that `engine` stands for; tests stub it. */
export type Compile = (bytes: Uint8Array<ArrayBuffer>, engine: Engine) => WebAssembly.Module;

/** The bytes of a built binary. Throws EnvironmentError `kernels-not-built`. */
export function readBinary(name: BinaryName): Uint8Array<ArrayBuffer> {
  const file = fileURLToPath(new URL(`../../kernels/${name}.wasm`, import.meta.url));
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new EnvironmentError(
      "kernels-not-built",
      `the kernels are not built: cannot read ${file}`,
      "npm run build",
      cause,
    );
  }
}

/** The name of the custom section that carries the engine's name with the module from thread to thread. */
const ENGINE_SECTION = "engine";

/**
 * The bytes with a custom section that names the engine. It also keeps V8 from handing out the code of another engine:
 * V8 shares compiled code between modules of the same bytes, whatever the flags.
 */
function withEngineSection(bytes: Uint8Array, engine: Engine): Uint8Array<ArrayBuffer> {
  const section = new TextEncoder().encode(`${ENGINE_SECTION}${engine}`);
  const header = [0, section.length + 1, ENGINE_SECTION.length];
  const all = new Uint8Array(bytes.length + header.length + section.length);
  all.set(bytes);
  all.set(header, bytes.length);
  all.set(section, bytes.length + header.length);
  return all;
}

const widthOf = (engine: Engine): 128 | 256 => (engine.endsWith("256") ? 256 : 128);

/** The GEMM tile that an engine keeps in its registers: see assembly/gemm/engine.ts. */
interface Tile {
  readonly tileRows: number;
  readonly tileSplats: number;
}

/**
 * The rows of 16 columns whose chains fit beside a row of B: V8 has 15 vector registers on x64, of which the plain binary
 * needs one for products, and 28 on arm64.
 */
function tileOf(engine: Engine, host: Host): Tile {
  if (engine === "relaxed-256") return { tileRows: 6, tileSplats: 0 };
  if (engine === "plain-256") return { tileRows: 5, tileSplats: 0 };
  return host.arch === "arm64" ? { tileRows: 4, tileSplats: 1 } : { tileRows: 2, tileSplats: 0 };
}

function engineOf(module: WebAssembly.Module): Engine {
  const [section] = WebAssembly.Module.customSections(module, ENGINE_SECTION);
  return section ? (new TextDecoder().decode(section) as Engine) : "plain-128";
}

/** Compiles a binary for an engine: at once, optimised, and nothing of it left in V8's flags. */
export const compileFor: Compile = (bytes, engine) => {
  const named = withEngineSection(bytes, engine);
  return withCompileFlags(widthOf(engine), () => new WebAssembly.Module(named));
};

/** This thread's kernels over `memory`. Works in any thread; throws nothing on purpose. */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  host: Host = thisHost,
): Kernels {
  const engine = { ...tileOf(engineOf(module), host) };
  const { instance } = instantiateSync(module, { env: { memory }, engine });
  return instance.exports as unknown as Kernels;
}

/** The slow twins of a binary over `memory`: not optimised, their arithmetic is the same. */
export function instantiateReference(binary: "relaxed" | "plain", memory: WebAssembly.Memory): Kernels {
  const bytes = readBinary(`reference-${binary}`);
  return instantiateKernels(
    withRelaxedSimd(() => new WebAssembly.Module(bytes)),
    memory,
  );
}

/** The engines to try, best first. */
export function engines(fma: "auto" | "off", relaxed: boolean, revectorize: boolean): Engine[] {
  const engines: Engine[] = ["relaxed-256", "relaxed-128", "plain-256", "plain-128"];
  return engines.filter(
    (engine) =>
      (revectorize || widthOf(engine) === 128) && (engine.startsWith("plain") || (relaxed && fma === "auto")),
  );
}

/** Whether the engine accepts a binary; relaxed SIMD has a flag of its own on Node 20. */
const accepts = (name: BinaryName): boolean => withRelaxedSimd(() => WebAssembly.validate(readBinary(name)));

const compiledBefore = new Map<"auto" | "off", CompiledKernels>();

/**
 * Compiles the kernels as well as this engine can and proves them in a self-test; what fails it is passed over with a
 * warning. The first call compiles, later ones give what it made; a `compile` of the caller's own is used every time.
 * For the main thread, which sets V8's flags meanwhile; other threads get the module.
 * Throws InputError `no-simd` without SIMD, EnvironmentError `kernels-not-built`, `kernels-broken`,
 * `flush-to-zero`.
 */
export function compileKernels(fma: "auto" | "off", compile: Compile = compileFor): CompiledKernels {
  const before = compile === compileFor ? compiledBefore.get(fma) : undefined;
  if (before) return before;
  const compiled = compileBest(fma, compile);
  if (compile === compileFor) compiledBefore.set(fma, compiled);
  return compiled;
}

function compileBest(fma: "auto" | "off", compile: Compile): CompiledKernels {
  if (!accepts("plain")) {
    throw new InputError(
      "no-simd",
      "this machine or Node.js has no WebAssembly SIMD",
      "use an x64 or arm64 machine and Node.js 20.19 or later",
    );
  }
  const warnings: string[] = [];
  for (const engine of engines(fma, accepts("relaxed"), canRevectorize(thisHost))) {
    const binary = engine.startsWith("relaxed") ? "relaxed" : "plain";
    const bytes = readBinary(binary);
    const module = compile(bytes, engine);
    const memory = createMemory(SELF_TEST_BYTES);
    const kernels = instantiateKernels(module, memory);
    const failure = selfTest(kernels, instantiateReference(binary, memory), memory);
    if (failure === undefined) {
      checkSubnormals(kernels);
      const digest = createHash("sha256").update(bytes).digest("hex");
      return { module, binary, engine, fma: kernels.fused() === 1, digest, warnings };
    }
    warnings.push(`the kernels fail their self-test on engine ${engine} (${failure}); it is not used`);
  }
  throw new EnvironmentError(
    "kernels-broken",
    warnings.join("; "),
    "use the pinned Node.js (npm install), and report this",
  );
}
