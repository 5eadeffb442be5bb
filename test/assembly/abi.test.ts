import { readFileSync } from "node:fs";
import test from "ava";
import { compileFor, instantiateKernels, readBinary } from "../../src/kernels/load.ts";
import { createMemory } from "../../src/kernels/memory.ts";

/** The Kernels interface as written: each name with its number of parameters. */
function declared(): Record<string, number> {
  const text = readFileSync("src/kernels/abi.ts", "utf8");
  const body = text.slice(text.indexOf("export interface Kernels {"), text.indexOf("export type KernelName"));
  const methods = body.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").matchAll(/(\w+)\(([^)]*)\): \w+;/g);
  const counts = [...methods].map(([, name, parameters]) => [
    name!,
    parameters!.match(/\w+: number/g)?.length ?? 0,
  ]);
  return Object.fromEntries(counts) as Record<string, number>;
}

function exported(name: "plain" | "relaxed"): Record<string, number> {
  const engine = name === "plain" ? "plain-128" : "relaxed-128";
  const kernels = instantiateKernels(compileFor(readBinary(name), engine), createMemory(1));
  const functions = Object.entries(kernels).filter(([, value]) => typeof value === "function");
  return Object.fromEntries(functions.map(([key, value]) => [key, (value as () => void).length]));
}

test("the interface parses into all of its kernels", (t) => {
  const names = Object.keys(declared());
  t.true(names.length >= 35);
  t.like(declared(), { fused: 0, gemmScratchBytes: 3, gemmNN: 13, normal: 4 });
});

for (const name of ["plain", "relaxed"] as const) {
  test(`the ${name} binary exports the interface, name by name and parameter by parameter`, (t) => {
    t.deepEqual(exported(name), declared());
  });
}

/** Ids of a binary's sections (WebAssembly core 5.5), in order; sizes are unsigned LEB128. */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]);
    let [size, shift] = [0, 0];
    do {
      size += (bytes[at] & 127) << shift;
      shift += 7;
    } while (bytes[at++] & 128);
    at += size;
  }
  return ids;
}

for (const name of [
  ...(["plain", "relaxed", "reference-plain", "reference-relaxed"] as const),
  ...(["peak-plain", "peak-relaxed"] as const),
]) {
  test(`the ${name} binary owns no memory, data, table or start function, so that threads can share one`, (t) => {
    const [TABLE, MEMORY, START, ELEMENT, DATA] = [4, 5, 8, 9, 11];
    const ids = sections(readBinary(name));
    t.true(ids.includes(10));
    t.deepEqual(
      ids.filter((id) => [TABLE, MEMORY, START, ELEMENT, DATA].includes(id)),
      [],
    );
  });
}
