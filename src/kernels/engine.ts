/** What this JavaScript engine can do with the kernels, and the V8 flags under which they are compiled. */
import { setFlagsFromString } from "node:v8";

/** A binary (relaxed = with fused multiply-add) and the width in bits that the engine makes of its vectors. */
export type Engine = "relaxed-256" | "relaxed-128" | "plain-256" | "plain-128";

/** A V8 flag as it is during the compile, and as it was before. */
type Flag = readonly [during: string, after: string];

const OPTIMISED_AT_ONCE: readonly Flag[] = [
  ["--no-liftoff", "--liftoff"],
  ["--no-wasm-lazy-compilation", "--wasm-lazy-compilation"],
];
const RELAXED_SIMD: Flag = ["--experimental-wasm-relaxed-simd", "--no-experimental-wasm-relaxed-simd"];
const REVECTORIZE: Flag = ["--experimental-wasm-revectorize", "--no-experimental-wasm-revectorize"];
const NO_INLINING: Flag = ["--no-wasm-inlining", "--wasm-inlining"];
const NO_INDIRECT_INLINING: Flag = ["--no-wasm-inlining-call-indirect", "--wasm-inlining-call-indirect"];

/** Node's major version and processor; tests give others. */
export interface Host {
  readonly node: number;
  readonly arch: string;
  readonly platform: string;
}

export const thisHost: Host = {
  node: Number.parseInt(process.versions.node, 10),
  arch: process.arch,
  platform: process.platform,
};

/** Node versions (each has one V8) whose revectorizer compiles our kernels; where it does not, it ends the process. */
const REVECTORIZING_NODES: readonly number[] = [24, 26];

/** Whether V8 can turn pairs of 128-bit operations into 256-bit ones here. */
export function canRevectorize(host: Host): boolean {
  return REVECTORIZING_NODES.includes(host.node) && host.arch === "x64" && host.platform !== "darwin";
}

/**
 * The flags of the compile. V8 prints an error for a flag that it does not know, so each has its versions. Without
 * Liftoff inlining must be off too (V8 aborts); Node 21 and 23 know the one but not the other way to say so.
 */
function compileFlags(host: Host, width: 128 | 256): Flag[] {
  const flags: Flag[] = [];
  if (host.node === 20) flags.push(RELAXED_SIMD);
  if (host.node === 20 || host.node === 22 || host.node >= 24) flags.push(...OPTIMISED_AT_ONCE);
  if (host.node >= 24) flags.push(NO_INLINING);
  if (host.node >= 25) flags.push(NO_INDIRECT_INLINING);
  if (width === 256 && canRevectorize(host)) flags.push(REVECTORIZE);
  return flags;
}

/** Runs `compile` with `flags` set and sets them back. */
function withFlags<T>(flags: readonly Flag[], compile: () => T): T {
  for (const [during] of flags) setFlagsFromString(during);
  try {
    return compile();
  } finally {
    for (const [, after] of flags) setFlagsFromString(after);
  }
}

/** Runs `compile` (or a validation) with nothing but relaxed SIMD switched on where it has a flag. */
export function withRelaxedSimd<T>(compile: () => T, host: Host = thisHost): T {
  return withFlags(host.node === 20 ? [RELAXED_SIMD] : [], compile);
}

/**
 * Runs `compile` with V8 set to optimise at once, with relaxed SIMD and (width 256) the revectorizer, and sets V8 back.
 * Left on, the flags would abort the process at its next `fetch` or imported .ts file, so `compile` must compile
 * eagerly and return; it must not import, fetch or start a thread.
 */
export function withCompileFlags<T>(width: 128 | 256, compile: () => T, host: Host = thisHost): T {
  return withFlags(compileFlags(host, width), compile);
}
