/** The exchange of a session, made of what the session has: its memory, its layout, and how it fails. */
import type { LockstepError } from "../base/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { instantiateKernels } from "../kernels/load.ts";
import type { World } from "../program/world.ts";
import { Allreduces } from "./allreduces.ts";
import { Collection } from "./collection.ts";
import { controlWords, stepWord } from "./control.ts";
import { Exchange } from "./exchange.ts";
import type { ProcessLayout } from "./layout.ts";
import { signalWords } from "./signals.ts";

type Addresses = Pick<ProcessLayout, "addresses">;

const control = (memory: WebAssembly.Memory, { addresses }: Addresses, world: World): Int32Array =>
  controlWords(memory, addresses.get("control") as number, world.ranks[world.self]);

/** The step (1, 2, …) that this process's first rank is at. */
export function stepInHand(memory: WebAssembly.Memory, layout: Addresses, world: World): () => number {
  const words = control(memory, layout, world);
  return () => Math.max(1, Atomics.load(words, stepWord(0)));
}

export function exchangeOf(
  memory: WebAssembly.Memory,
  module: WebAssembly.Module,
  world: World,
  layout: ProcessLayout,
  failed: (error: LockstepError) => void,
): Exchange {
  const { transfers, holdings, replicas } = layout;
  const address = (name: string) => layout.addresses.get(name) as number;
  const addressOf = ({ name }: Tensor) => address(name);
  return new Exchange({
    ...{ memory, world, transfers, replicas, failed },
    // After the transfers, and the one for fingerprints.
    collection: new Collection({
      ...{ world, holdings, memory, addressOf, channel: transfers.length + 1 },
    }),
    control: control(memory, layout, world),
    signals: signalWords(memory, address("signals"), transfers.length, replicas.length),
    step: stepInHand(memory, layout, world),
    allreduces: (transport) => {
      const kernels = instantiateKernels(module, memory);
      return new Allreduces(transport, { memory, world, transfers, address: address("allreduces"), kernels });
    },
  });
}
