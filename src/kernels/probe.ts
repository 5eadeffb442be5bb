/** How many multiply-adds one core does now: the fastest of a few rounds of a loop that does nothing else. */
import type { Engine } from "./engine.ts";
import { createMemory } from "./memory.ts";
import { compilePeak, instantiatePeak, MULTIPLY_ADD_FLOPS, PEAK_BLOCK } from "./peak.ts";

/** 28 µs at 140 GFLOP/s. */
const LOOP_ROUNDS = 10_000;
const TRIES = 200;
/** The memory's first bytes are nobody's. */
const BLOCK = 1024;

/** GFLOP/s; some ms. On the main thread only, while no rank is at work. */
export function probeGflops(engine: Engine): number {
  const memory = createMemory(BLOCK + PEAK_BLOCK.bytes);
  new Float32Array(memory.buffer, BLOCK, PEAK_BLOCK.bytes / 4).fill(1);
  const loops = instantiatePeak(compilePeak(engine), memory);
  let best = 0;
  for (const [chains, loop] of [
    [12, loops.multiplyAdds12],
    [24, loops.multiplyAdds24],
  ] as const)
    for (let tries = 0; tries < TRIES; tries++) {
      const start = performance.now();
      loop(BLOCK, LOOP_ROUNDS);
      const ns = (performance.now() - start) * 1e6;
      best = Math.max(best, (chains * MULTIPLY_ADD_FLOPS * LOOP_ROUNDS) / ns);
    }
  return best;
}
