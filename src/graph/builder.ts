/** Builds a graph node by node, checking shapes as it goes. */
import { InputError } from "../base/errors.ts";
import type { Attributes, Op } from "./op.ts";
import type { ElementType, Graph, Initial, Node, Shape, Tensor, TensorKind } from "./tensor.ts";

export class GraphBuilder implements Graph {
  readonly nodes: Node[] = [];
  readonly tensors: Tensor[] = [];
  readonly #layers = new Map<string, number>();
  readonly #names = new Set<string>();

  /** Bytes that the run places: see TensorKind. */
  block(name: string, shape: Shape, type: ElementType, kind: TensorKind = "block"): Tensor {
    return this.#add({ kind, shape, type, name });
  }

  parameter(layer: string, part: string, shape: readonly number[], initial: Initial): Tensor {
    const name = `${layer}.${part}`;
    if (this.#names.has(name))
      throw new InputError(
        "duplicate-parameter",
        `two parameters are named ${name}`,
        "give each layer its own name",
      );
    this.#names.add(name);
    return this.#add({ kind: "parameter", shape, type: "f32", name, initial });
  }

  /** An optimizer's memory of `parameter`, of its shape, all zero at the start. */
  state(parameter: Tensor, part: string): Tensor {
    const name = `${parameter.name}.${part}`;
    return this.#add({
      kind: "state",
      shape: parameter.shape,
      type: "f32",
      name,
      of: parameter,
      initial: { constant: 0 },
    });
  }

  layer(kind: string): string {
    const index = (this.#layers.get(kind) ?? 0) + 1;
    this.#layers.set(kind, index);
    return `${kind}${index}`;
  }

  apply(op: Op, inputs: readonly Tensor[], attributes: Attributes = {}, of?: Tensor): Tensor[] {
    const name = `${op.name}${this.nodes.length}`;
    return this.#append(op, inputs, attributes, (index) => ({ kind: "value", name: `${name}.${index}`, of }));
  }

  /** A node whose outputs last beyond the step: streams of these names, with a row for every sample. */
  applyKept(op: Op, inputs: readonly Tensor[], names: readonly string[]): Tensor[] {
    return this.#append(op, inputs, {}, (index) => ({ kind: "stream", name: names[index] }));
  }

  /** Adds a node; `identity` says what each of its outputs is for and called. */
  #append(
    op: Op,
    inputs: readonly Tensor[],
    attributes: Attributes,
    identity: (index: number) => Pick<Tensor, "kind" | "name" | "of">,
  ): Tensor[] {
    for (const input of inputs)
      if (input.graph !== this)
        throw new InputError(
          "foreign-tensor",
          `${op.name} was given a tensor of another model`,
          "use only what this call of the model function made",
        );
    const outputs = op
      .outputs(inputs, attributes)
      .map((spec, index) => this.#add({ ...identity(index), ...spec }));
    this.nodes.push({ id: this.nodes.length, op, inputs, outputs, attributes });
    return outputs;
  }

  #add(tensor: Omit<Tensor, "id" | "graph">): Tensor {
    const added = { ...tensor, id: this.tensors.length, graph: this };
    this.tensors.push(added);
    return added;
  }
}
