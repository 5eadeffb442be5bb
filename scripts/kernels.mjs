// Compiles assembly/ into build/kernels/: the kernels, their slow twins and the loops that show a machine's peak, each with
// and without relaxed SIMD.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { hoistConstants } from "./hoist.mjs";
import { InlineMarked } from "./inline.mjs";

const entries = {
  plain: "assembly/index.ts",
  relaxed: "assembly/index.ts",
  "peak-plain": "assembly/peak/index.ts",
  "peak-relaxed": "assembly/peak/index.ts",
  "reference-plain": "assembly/reference/index.ts",
  "reference-relaxed": "assembly/reference/index.ts",
};

mkdirSync("build/kernels", { recursive: true });
for (const [target, entry] of Object.entries(entries)) {
  const { error, stderr } = await asc.main([entry, "--config", "asconfig.json", "--target", target], {
    transforms: [InlineMarked],
  });
  if (error) {
    process.stderr.write(`${stderr.toString()}${error.message}\n`);
    process.exit(1);
  }
  const file = `build/kernels/${target}.wasm`;
  writeFileSync(file, hoistConstants(readFileSync(file)));
}
