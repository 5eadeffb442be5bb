/**
 * Which form each layer's gradient takes, and in how many chunks: what each would cost, reckoned from what
 * was measured of links and kernels (NUMERICS §6 has the formulas for whole layers).
 *
 *     exchange   α + factors / β + P·w + p                              every process sums all samples itself
 *     sharded    α + factors / β + overlap(w, r, S) + S·(R·α + p)       each its shards of all samples, S one after another
 *     ordered    P·w/C + (2P−2)(α + b/C) + (C−1)/C · w∥b + C·α + C/R·p  a chain through all, C chunks behind each other
 *     allreduce  overlap(w, a, C) + C·α + C/R·p                         a: the algorithm's time for all chunks
 *
 *     overlap(w, b, C) = w/C + (C−1)/C · w∥b + b/C
 *
 * w is the time in which a process, of R ranks, sums its own samples, b that in which a gradient passes a
 * link, r that in which the others' shards do, α a message's, β bytes a µs, p the time in which a product
 * reads the factor that all chunks share. w∥b is the longer of both, or their sum where the ranks have no
 * cores to themselves. What the algorithms take is their number of rounds, bytes and sums (Thakur,
 * Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH", 2005), which is
 * cheaper to know for many processes than by playing their lists.
 */
import { FAST_ALLREDUCE, type Settings } from "../base/config.ts";
import type { AllreduceName } from "../collective/algorithms.ts";
import { elementCount, type Node, rowWidth, type Tensor } from "../graph/tensor.ts";
import { type SumForm, type SumPlan, smallBytesOf, sumsOverSamples } from "../program/chunks.ts";
import { isReproducible } from "../program/crossings.ts";
import { splitOf } from "../program/split.ts";
import { processCount, type World, worldRanks } from "../program/world.ts";

export interface Measured {
  /** Of a small message, one way. */
  readonly latencyUs: number;
  readonly bytesPerUs: number;
  /** Of one rank's products. */
  readonly flopsPerUs: number;
  /** Ranks and the threads that move bytes are more than their host has cores. */
  readonly sharesCores: boolean;
}

/** The gradients that are sums over the rows of the same tensor: of a layer's weights and bias. */
export interface LayerSums {
  readonly parameters: readonly string[];
  readonly elements: number;
  /** Floats a sample that the others need to sum by themselves. */
  readonly factorWidth: number;
  /** Floats a sample that are read anew for every chunk. */
  readonly sharedWidth: number;
}

export interface LayerChoice extends LayerSums {
  readonly form: SumForm;
  readonly chunks: number;
  /** What each form that was open would cost. */
  readonly estimatedUs: Readonly<Partial<Record<SumForm, number>>>;
}

/** What was measured, and the choice that came of it. */
export interface GradientPlan {
  readonly measured: Measured;
  readonly choices: readonly LayerChoice[];
}

const CHUNK_COUNTS = [1, 2, 4, 8, 16, 32, 64];
/** Bytes that one core adds, or brings into a product's order, in a µs. */
const SUM_BYTES_PER_US = 8000;

/**
 * What an algorithm takes one after the other among P processes: rounds of messages; and passes of all bytes
 * over a link, and sums.
 */
const AMOUNTS: Readonly<
  Record<AllreduceName, (processes: number) => Record<"rounds" | "passes" | "sums", number>>
> = {
  ring: (P) => ({ rounds: 2 * (P - 1), passes: (2 * (P - 1)) / P, sums: (P - 1) / P }),
  "recursive-doubling": (P) => ({ rounds: doublings(P), passes: doublings(P), sums: doublings(P) }),
  "halving-doubling": (P) => ({ rounds: 2 * doublings(P), passes: (2 * (P - 1)) / P, sums: (P - 1) / P }),
  naive: (P) => ({ rounds: 1, passes: P - 1, sums: P - 1 }),
  "parameter-server": (P) => ({ rounds: 2, passes: 2 * (P - 1), sums: P - 1 }),
};

/** ⌈log₂ n⌉, and two more rounds where n is no power of two: some processes are folded into others. */
function doublings(n: number): number {
  const rounds = 32 - Math.clz32(n - 1);
  return n === 1 << rounds ? rounds : rounds + 1;
}

/** The forms that are open to a job whose gradients are sums over several processes, or over one. */
export function formsOf(
  { numerics = "exact", allreduce = "auto" }: Partial<Pick<Settings, "numerics" | "allreduce">>,
  hasOthers: boolean,
): readonly SumForm[] {
  if (!hasOthers) return ["exchange"];
  if (allreduce !== "auto") return [allreduce];
  return numerics === "fast" ? FAST_ALLREDUCE : ["exchange", "sharded", "ordered"];
}

/** The layers of a training graph's nodes, in the order in which their gradients are made. */
export function layersOf(nodes: readonly Node[]): LayerSums[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((tensor) => [tensor, node] as const)));
  const isSent = (tensor: Tensor) => {
    const maker = makers.get(tensor);
    return tensor.shape[0] === "batch" && maker !== undefined && !isReproducible(maker);
  };
  type Layer = { parameters: string[]; elements: number; factors: Set<Tensor>; sharedWidth: number };
  const layers = new Map<Tensor, Layer>();
  for (const node of nodes.filter(sumsOverSamples)) {
    const last = node.inputs[node.inputs.length - 1];
    const layer = layers.get(last) ?? { parameters: [], elements: 0, factors: new Set(), sharedWidth: 0 };
    layer.parameters.push((node.outputs[0].of as Tensor).name);
    layer.elements += elementCount(node.outputs[0].shape);
    for (const input of node.inputs.filter(isSent)) layer.factors.add(input);
    layer.sharedWidth += widthOf(node.inputs.filter((_, index) => !isSplitAlong(node, index)));
    layers.set(last, layer);
  }
  return [...layers.values()].map(({ factors, ...layer }) => ({ ...layer, factorWidth: widthOf(factors) }));
}

const widthOf = (tensors: Iterable<Tensor>): number =>
  [...tensors].reduce((sum, { shape }) => sum + rowWidth(shape), 0);

/** Whether of an input a chunk of the node's sums reads a part only. */
const isSplitAlong = (node: Node, input: number): boolean =>
  node.op.axes(node).inputs[input].includes(splitOf(node)?.axis ?? "");

/** The cheapest of `forms` for each layer; of forms that cost the same the first. */
export function chooseSums(
  layers: readonly LayerSums[],
  batch: number,
  world: World,
  forms: readonly SumForm[],
  measured: Measured,
): LayerChoice[] {
  return layers.map((layer) => {
    const options = forms.map((form) => ({ form, ...cheapest(form, layer, batch, world, measured) }));
    const best = options.reduce((best, option) => (option.us < best.us ? option : best));
    const estimatedUs = Object.fromEntries(options.map(({ form, us }) => [form, Math.round(us)]));
    return { ...layer, form: best.form, chunks: best.chunks, estimatedUs };
  });
}

function cheapest(form: SumForm, layer: LayerSums, batch: number, world: World, measured: Measured) {
  const options = chunkCounts(form, world).map((chunks) => ({
    chunks,
    us: costUs(form, layer, batch, world, measured, chunks),
  }));
  return options.reduce((best, option) => (option.us < best.us ? option : best));
}

/** Of shards every rank of the world makes as many. */
function chunkCounts(form: SumForm, world: World): readonly number[] {
  if (form === "exchange") return [1];
  return form === "sharded" ? CHUNK_COUNTS.map((count) => count * worldRanks(world)) : CHUNK_COUNTS;
}

function costUs(
  form: SumForm,
  { elements, factorWidth, sharedWidth }: LayerSums,
  batch: number,
  world: World,
  { latencyUs, bytesPerUs, flopsPerUs, sharesCores }: Measured,
  chunks: number,
): number {
  const processes = processCount(world);
  const ranks = Math.min(...world.ranks);
  const bytes = 4 * elements;
  const ownUs = (2 * elements * (batch / processes)) / (flopsPerUs * ranks);
  const meanwhile = (a: number, b: number) => (sharesCores ? a + b : Math.max(a, b));
  const overlap = (a: number, b: number, count: number) =>
    a / count + (1 - 1 / count) * meanwhile(a, b) + b / count;
  const readUs = (samples: number) => (4 * sharedWidth * samples) / SUM_BYTES_PER_US;
  const factorsUs = latencyUs + (4 * factorWidth * (batch - batch / processes)) / bytesPerUs;
  if (form === "exchange") return factorsUs + ownUs * processes + readUs(batch);
  if (form === "sharded") {
    const turns = chunks / worldRanks(world);
    const othersUs = (bytes * (1 - 1 / processes)) / bytesPerUs;
    return factorsUs + overlap(ownUs, othersUs, turns) + turns * (ranks * latencyUs + readUs(batch));
  }
  const chunksUs = chunks * latencyUs + Math.ceil(chunks / ranks) * readUs(batch / processes);
  if (form === "ordered") {
    const linkUs = bytes / bytesPerUs;
    const hopsUs = (2 * processes - 2) * (latencyUs + linkUs / chunks);
    return (processes * ownUs) / chunks + hopsUs + (1 - 1 / chunks) * meanwhile(ownUs, linkUs) + chunksUs;
  }
  const { rounds, passes, sums } = AMOUNTS[form](processes);
  const addedUs = chunks * rounds * latencyUs + bytes * (passes / bytesPerUs + sums / SUM_BYTES_PER_US);
  return overlap(ownUs, addedUs, chunks) + chunksUs;
}

/** What lowering asks, of choices that name every parameter. */
export function sumPlanOf(choices: readonly LayerChoice[]): SumPlan {
  const byParameter = new Map(choices.flatMap((choice) => choice.parameters.map((name) => [name, choice])));
  const choiceOf = ({ name }: Tensor) => byParameter.get(name) as LayerChoice;
  return {
    formOf: (parameter) => choiceOf(parameter).form,
    chunkBytesOf: (parameter) => {
      const { elements, chunks } = choiceOf(parameter);
      return Math.ceil((4 * elements) / chunks);
    },
    smallBytesOf,
  };
}
