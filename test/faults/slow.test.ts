/** One rank is slower than the others by 30 %, in layouts of every kind, with real processes: `lockstep trace` names it. */
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { lockstep, workplace } from "../cli/child.ts";
import { Launched } from "../launch/stories.ts";

/** One epoch of sixty steps. */
const SAMPLES = 12_000;
const TRAIN = ["train", "--dataset", "./data", "--batch", "200", "--epochs", "1", "--quiet"];
/** The first ten steps are of cold caches and code that is being compiled. */
const TRACE = ["--trace", "--trace-steps", "11:60", "--run-dir", "out"];
/** Two stages with as much to do: the samples, and the classes, are of thin layers. */
const STAGES = ["--hidden", "16,384,384,384,384,384,384,384", "--layout", "pp=2", "--micro-batches", "4"];

const LAYOUTS: Readonly<Record<string, readonly string[]>> = {
  "two ranks of one process": ["--hidden", "512,512", "--ranks", "2"],
  "two processes": ["--hidden", "512,512", "--ranks", "2", "--ranks-per-process", "1"],
  "two slices of two processes": [
    ...["--hidden", "512,512", "--layout", "tp=2", "--ranks-per-process", "1"],
    ...["--numerics", "fast"],
  ],
  "two stages of one process": STAGES,
  "two stages of two processes": [...STAGES, "--ranks-per-process", "1"],
};

const MOST_RUNS = 8;
const LEAD = 2;

/** The rank that is named; null: none is. */
async function namedIn(t: ExecutionContext, argv: readonly string[], fault: string): Promise<number | null> {
  const folder = workplace(t, SAMPLES);
  const { exitCode, stderr } = await new Launched(t, folder, argv, { LOCKSTEP_FAULT: fault }).ended;
  t.is(exitCode, 0, stderr);
  const { objects } = await lockstep(folder, "trace", join(folder, "out"), "--json");
  const [{ straggler }] = objects as unknown as [{ straggler: { rank: number } | null }];
  return straggler?.rank ?? null;
}

// Other work that takes a core for a while makes the other rank slow in truth, or this one as quick: who leads by two runs counts.
for (const [layout, flags] of Object.entries(LAYOUTS))
  for (const rank of [0, 1])
    test.serial(`of ${layout} rank ${rank} is named that is slower by 30 %`, async (t) => {
      const named: (number | null)[] = [];
      const times = (who: number) => named.filter((each) => each === who).length;
      const lead = () => times(rank) - times(1 - rank);
      while (named.length < MOST_RUNS && Math.abs(lead()) < LEAD)
        named.push(await namedIn(t, [...TRAIN, ...flags, ...TRACE], `drag:${rank}:1:30`));
      t.is(lead(), LEAD, `named, run by run: ${JSON.stringify(named)}`);
    });
