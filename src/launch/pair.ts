/** One of two processes whose distance is measured: opens a link to the other like a run's, and closes it again. */
import { type Distance, DistanceEnd } from "../transport/distance.ts";
import { type Endpoints, listen } from "../transport/listening.ts";
import { PATIENCE } from "../transport/patience.ts";
import type { PairWords } from "./messages.ts";
import type { Connection } from "./world.ts";

/** Both are told at the same time, and have nothing else to do. */
const GREET_MS = 8000;

/** Resolves to the distance where it is measured, to null where it was helped to. */
export async function servePair(
  { self, names, run, listenAt, security, table }: PairWords,
  { key, folder, tell, peers }: Connection,
): Promise<Distance | null> {
  const listening = listen({ self, listenAt: [null, self === 0 ? listenAt : null], folder });
  const runKey = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const end = new DistanceEnd(1 - self, self === 0);
  const connect = (all: readonly Endpoints[]) =>
    listening.connect(all, {
      ...{ names, runKey, security, inbox: end, run: BigInt(`0x${run}`), digest: {} },
      patience: { ...PATIENCE, greetMs: GREET_MS },
    });
  if (table !== null) {
    const links = await connect(table);
    await end.answer(links);
    await links.close();
    return null;
  }
  tell(listening.endpoints);
  const filled = await peers.filled(null, GREET_MS).catch((thrown) => {
    listening.close();
    throw thrown;
  });
  const links = await connect(filled);
  const distance = await end.measure(links);
  await links.close();
  return distance;
}
