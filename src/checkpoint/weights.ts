/** The fingerprint of a model's weights, on which all layouts must agree (DESIGN §7, NUMERICS §2.16). */
import { createHash } from "node:crypto";
import { atOnce, type Sliced, slicesOf } from "../base/slices.ts";
import { bytesOf, type NamedTensor, sortedByName } from "./tensor.ts";

/**
 * SHA-256, in hex, over all parameters sorted by name: the UTF-8 name, a newline, then the logical tensor as row-major
 * little-endian f32. Null if any value is not finite: the payload of a NaN is the engine's choice.
 */
export function weightsSha256(tensors: Iterable<NamedTensor>): string | null {
  return atOnce(hashingWeights(tensors));
}

/** The same in slices; nobody may write the tensors until it is done. */
export function* hashingWeights(tensors: Iterable<NamedTensor>): Sliced<string | null> {
  const hash = createHash("sha256");
  for (const { name, data } of sortedByName(tensors)) {
    if (!isFiniteEverywhere(data)) return null;
    hash.update(`${name}\n`, "utf8");
    for (const slice of slicesOf(bytesOf(data))) {
      hash.update(slice);
      yield;
    }
  }
  return hash.digest("hex");
}

/** True if no tensor has an element that is infinite or NaN. */
export function allFinite(tensors: Iterable<NamedTensor>): boolean {
  for (const { data } of tensors) if (!isFiniteEverywhere(data)) return false;
  return true;
}

/** 0·x is 0 for every finite x, and NaN for every other. */
function isFiniteEverywhere(data: Float32Array): boolean {
  let zero = 0;
  for (let i = 0; i < data.length; i++) zero += data[i] * 0;
  return zero === 0;
}
