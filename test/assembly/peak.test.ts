import test from "ava";
import { canRevectorize, type Engine, thisHost } from "../../src/kernels/engine.ts";
import { createMemory } from "../../src/kernels/memory.ts";
import { compilePeak, instantiatePeak, PEAK_BLOCK } from "../../src/kernels/peak.ts";

const ENGINES: Engine[] = ["relaxed-128", "plain-128"];
if (canRevectorize(thisHost)) ENGINES.push("relaxed-256", "plain-256");

for (const engine of ENGINES) {
  const memory = createMemory(65536);
  const loops = instantiatePeak(compilePeak(engine), memory);
  const floats = new Float32Array(memory.buffer);

  for (const chains of [12, 24] as const) {
    test(`on ${engine} each of ${chains} chains adds its product twice a round`, (t) => {
      const block = 1024;
      const at = (bytes: number) => (block + bytes) / 4;
      floats.fill(7);
      floats[at(PEAK_BLOCK.factor)] = 3;
      for (let lane = 0; lane < 8; lane++) floats[at(PEAK_BLOCK.vectors) + lane] = lane + 1;
      for (let i = 0; i < 4 * chains; i++) floats[at(PEAK_BLOCK.chains) + i] = i;
      loops[`multiplyAdds${chains}`](block, 5);
      const expected = Array.from({ length: 4 * chains }, (_, i) => i + 10 * 3 * ((i % 8) + 1));
      const first = at(PEAK_BLOCK.chains);
      t.deepEqual([...floats.subarray(first, first + 4 * chains)], expected);
      t.is(floats[first + 4 * chains], 7);
    });
  }

  test(`on ${engine} a copy writes its n floats and nothing else, at every size`, (t) => {
    for (const n of [0, 1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 100]) {
      floats.fill(0);
      for (let i = 0; i < n + 8; i++) floats[2048 + i] = i + 1;
      loops.copyFloats(4 * 1027, 4 * 2048, n);
      const written = floats.subarray(1024, 1024 + 3 + n + 8);
      t.deepEqual(
        [...written],
        [0, 0, 0, ...Array.from({ length: n }, (_, i) => i + 1), ...Array(8).fill(0)],
      );
    }
  });
}
