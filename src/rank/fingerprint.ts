/** The fingerprint of what a model computes: two models of the same parameters may still do different things with them. */
import { createHash } from "node:crypto";
import type { Graph, Tensor } from "../graph/tensor.ts";

/** SHA-256, in hex, over the ops of the forward graph with their attributes, operands and shapes; no number of samples is in it. */
export function modelSha256({ nodes }: Graph): string {
  const lines = nodes.map(({ op, attributes, inputs, outputs }) => {
    const settings = JSON.stringify(Object.entries(attributes).sort());
    return `${op.name} ${settings} ${inputs.map(operand)} -> ${outputs.map(operand)}`;
  });
  return createHash("sha256").update(lines.join("\n"), "utf8").digest("hex");
}

/** Blocks are as long as the data set is, which is no part of the model. */
function operand({ kind, name, shape }: Tensor): string {
  return kind === "block" || kind === "stream" ? name : `${name}[${shape}]`;
}
