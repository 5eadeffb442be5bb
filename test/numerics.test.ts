/** Rules of NUMERICS that are about which instructions and functions are used at all. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import binaryen from "binaryen";
import { readBinary } from "../src/kernels/load.ts";
import { blank } from "./house/source-text.ts";

/** The relaxed instructions of a binary, by Binaryen's names. */
function relaxedInstructions(name: "plain" | "relaxed"): string[] {
  const module = binaryen.readBinary(readBinary(name));
  const found = new Set(module.emitText().match(/\w+\.relaxed_\w+/g));
  module.dispose();
  return [...found].sort();
}

test("of relaxed SIMD the kernels use the multiply-add and its negation alone", (t) => {
  t.deepEqual(relaxedInstructions("relaxed"), ["f32x4.relaxed_madd", "f32x4.relaxed_nmadd"]);
  t.deepEqual(relaxedInstructions("plain"), []);
});

/** Figures for people: no weight ever sees them. */
const FOR_PEOPLE = ["src/bench", "src/cli", "src/profile", "src/rank/memory-need.ts"];
/** Not exactly rounded, so other engines give other bits; `**` too, but for whole constants. */
const HOST_FUNCTION =
  /\bMathf?\.(pow|exp|expm1|log|log2|log10|log1p|a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|hypot|random)\b|(?<!\b\d+\s*)\*\*|\*\*(?!\s*-?\d+\b)/;

function callers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !FOR_PEOPLE.some((place) => path.startsWith(place)))
    .filter((path) => HOST_FUNCTION.test(blank(readFileSync(path, "utf8"), true)));
}

test("nothing that reaches weights calls a power or a transcendental function of the host", (t) => {
  t.deepEqual([...callers("src"), ...callers("assembly")], []);
  t.true(HOST_FUNCTION.test("beta ** step") && HOST_FUNCTION.test("Math.exp(x)"));
  t.false(HOST_FUNCTION.test("2 ** 20") || HOST_FUNCTION.test("Math.sqrt(x)"));
});
