// Compiles assembly/ into build/kernels/: the kernels and their slow twins, each with and without relaxed SIMD.
import { mkdirSync } from "node:fs";
import asc from "assemblyscript/asc";

const entries = {
  plain: "assembly/index.ts",
  relaxed: "assembly/index.ts",
  "reference-plain": "assembly/reference/index.ts",
  "reference-relaxed": "assembly/reference/index.ts",
};

mkdirSync("build/kernels", { recursive: true });
for (const [target, entry] of Object.entries(entries)) {
  const { error, stderr } = await asc.main([entry, "--config", "asconfig.json", "--target", target]);
  if (error) {
    process.stderr.write(`${stderr.toString()}${error.message}\n`);
    process.exit(1);
  }
}
