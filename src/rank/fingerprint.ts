/** The fingerprint of what a model computes: two models of the same parameters may still do different things with them. */
import { createHash } from "node:crypto";
import { InputError } from "../base/errors.ts";
import { crossEntropy } from "../graph/ops/loss.ts";
import type { Graph, Node, Tensor } from "../graph/tensor.ts";

/**
 * SHA-256, in hex, over the ops of the forward graph with their attributes, operands and shapes; no number of
 * samples is in it.
 */
export function modelSha256({ nodes }: Graph): string {
  return createHash("sha256").update(nodes.map(line).join("\n"), "utf8").digest("hex");
}

function line({ op, attributes, inputs, outputs }: Node): string {
  const settings = JSON.stringify(Object.entries(attributes).sort());
  return `${op.name} ${settings} ${inputs.map(operand)} -> ${outputs.map(operand)}`;
}

/**
 * A model function is called once for each graph, `first` and then `second`: throws an InputError that names the first layer
 * or op in which they differ, up to what the loss is taken of.
 */
export function checkSameCalls(first: Graph, second: Graph): void {
  differ(...([first, second].map(parameterNames) as [string[], string[]]));
  const ops = [first, second].map(({ nodes }) => {
    const loss = nodes.findIndex(({ op }) => op === crossEntropy);
    // The blocks of the evaluation are named "test.order" where those of training are named "order".
    return nodes.slice(0, loss + 1).map((node) => ({
      name: node.op.name,
      line: (node.op === crossEntropy ? `${node.inputs.map(operand)}` : line(node)).replaceAll("test.", ""),
    }));
  });
  const count = Math.max(ops[0].length, ops[1].length);
  for (let index = 0; index < count; index++) {
    const [one, other] = ops.map((list) => list[index]);
    if (one?.line === other?.line) continue;
    const [name, otherName] = [one?.name ?? "nothing", other?.name ?? "nothing"];
    throw otherCall(name, name === otherName ? `another ${name}` : otherName);
  }
}

function parameterNames({ tensors }: Graph): string[] {
  return tensors.flatMap(({ kind, name, shape }) => (kind === "parameter" ? [`${name} [${shape}]`] : []));
}

function differ(first: readonly string[], second: readonly string[]): void {
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const [one, other] = [first[index] ?? "nothing", second[index] ?? "nothing"];
    if (one !== other) throw otherCall(one, other);
  }
}

function otherCall(one: string, other: string): InputError {
  return new InputError(
    "bad-model",
    `the model function made ${one} at its first call, and ${other} at its second`,
    "make the same layers at every call",
  );
}

/** Blocks are as long as the data set is, which is no part of the model. */
function operand({ kind, name, shape }: Tensor): string {
  return kind === "block" || kind === "stream" ? name : `${name}[${shape}]`;
}
