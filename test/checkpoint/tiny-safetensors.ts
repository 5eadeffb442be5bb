/** Builds safetensors files by hand, sound or not, for the tests of the checkpoint room. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NamedTensor } from "../../src/checkpoint/tensor.ts";

/** A file of this header text (or bytes) and as many zero bytes of data. */
export function fileBytes(header: string | Uint8Array, dataBytes: number): Buffer {
  const text = Buffer.from(header as string);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength), 0);
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

/** Writes it as `x.safetensors` in `folder` and returns its path. */
export function writeFile(folder: string, bytes: Uint8Array): string {
  const path = join(folder, "x.safetensors");
  writeFileSync(path, bytes);
  return path;
}

export function tensor(name: string, shape: number[], values: number[]): NamedTensor {
  return { name, shape, data: Float32Array.from(values) };
}

/** Two layers' worth of parameters, one on shared memory. */
export function tinyTensors(): NamedTensor[] {
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const weights = new Float32Array(shared.buffer, 256, 6);
  weights.set([1, -2, 3.5, 0, -0, 1e-40]);
  return [{ name: "linear1.weight", shape: [2, 3], data: weights }, tensor("linear1.bias", [2], [0.25, -1])];
}
