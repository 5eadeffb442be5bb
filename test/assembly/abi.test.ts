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
