/** Takes a job's training steps on real ranks that time their instructions, in turns with the machine's peak. */
import { setTimeout } from "node:timers/promises";
import { InputError } from "../base/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { compileKernels } from "../kernels/load.ts";
import { createMemory } from "../kernels/memory.ts";
import { compilePeak, instantiatePeak } from "../kernels/peak.ts";
import { Arena } from "../program/arena.ts";
import { alone } from "../program/world.ts";
import type { RankJob } from "../rank/job.ts";
import { Session } from "../rank/session.ts";
import type { SessionOptions } from "../rank/session-options.ts";
import { MachinePeak } from "./machine-peak.ts";
import { Roofs } from "./roofs.ts";
import { breakDown, type StepBreakdown } from "./step-breakdown.ts";
import type { TimedJob } from "./step-worker.ts";
import { Readings } from "./timed-program.ts";

export type StepBenchOptions = Omit<
  SessionOptions,
  "start" | "check" | "instrument" | "world" | "connect"
> & {
  readonly training: NonNullable<SessionOptions["training"]>;
  readonly ranks: number;
  /** Cores that the ranks share. */
  readonly cores: number;
};

/** Steps are taken in so many parts; between them the machine's peak is measured. */
const PARTS = 12;
/** Of steps, observed and unobserved: at least, at most, and about so long if that is between. */
const LEAST_PAIRS = 2;
const MOST_PAIRS = 50;
const PART_MS = 200;
/** A rank looks for its next command for some ms before it sleeps and leaves its core to the peak. */
const UNTIL_ASLEEP_MS = 10;
/** Steps until V8 has optimised what it will. */
const WARM_UP_STEPS = 60;
/** Copies that touch less would measure the call. */
const LEAST_COPY_BYTES = 2 ** 14;
const MOST_COPY_BYTES = 2 ** 25;

/** Resolves to where a step's time goes. Throws what training would throw, and an InputError where its loss is not finite. */
export async function benchStep(
  options: StepBenchOptions,
  progress: (share: number) => void,
): Promise<StepBreakdown> {
  const compiled = compileKernels(options.fma);
  const peak = new MachinePeak(makeRoofs(compilePeak(compiled.engine)), LEAST_COPY_BYTES, MOST_COPY_BYTES);
  const readings: Readings[] = [];
  const session = await Session.open({
    ...options,
    world: alone(options.ranks),
    instrument: {
      script: new URL("./step-worker.js", import.meta.url),
      extend: (job: RankJob): TimedJob => {
        const own = Readings.make(job.train?.instructions.length ?? 0, PARTS * MOST_PAIRS);
        readings.push(own);
        return { ...job, readings: own.numbers };
      },
    },
  });
  try {
    const programs = session.layout.train ?? [];
    const steps = new Steps(session, options.data, options.training.batch);
    const pairs = pairsAPart(await steps.take(WARM_UP_STEPS));
    for (const own of readings) own.clear();
    for (let part = 0; part < PARTS; part++) {
      progress(part / PARTS);
      await steps.take(2 * pairs);
      await setTimeout(UNTIL_ASLEEP_MS);
      peak.measure(programs.flatMap(({ instructions }) => instructions.map(({ bytes }) => bytes)));
    }
    return breakDown({ layout: session.layout, readings, peak, compiled, options });
  } finally {
    await session.close();
  }
}

function makeRoofs(module: WebAssembly.Module): Roofs {
  const memory = createMemory(new Arena().endBytes + Roofs.bytesFor(MOST_COPY_BYTES));
  return new Roofs(instantiatePeak(module, memory), memory, new Arena(), MOST_COPY_BYTES);
}

const pairsAPart = (stepMs: number): number =>
  Math.min(MOST_PAIRS, Math.max(LEAST_PAIRS, Math.round(PART_MS / (2 * stepMs))));

/** Full batches of the first epoch, again and again: what they are does not change how long they take. */
class Steps {
  readonly #session: Session;
  readonly #batches: number;
  #next = 0;
  #taken = 0;

  constructor(session: Session, { train }: Dataset, batch: number) {
    this.#session = session;
    this.#batches = Math.floor(train.count / batch);
    session.prepareEpoch(1);
  }

  /** Takes `count` steps; resolves to the milliseconds of one. */
  async take(count: number): Promise<number> {
    const start = performance.now();
    for (let left = count; left > 0; ) {
      if (this.#next === this.#batches) this.#next = 0;
      const end = Math.min(this.#batches, this.#next + left);
      left -= end - this.#next;
      this.#taken = await this.#session.train(1, this.#next, end, this.#taken);
      this.#next = end;
      if (!Number.isFinite(this.#session.stepLoss)) throw diverged(this.#taken);
    }
    return (performance.now() - start) / count;
  }
}

function diverged(step: number): InputError {
  return new InputError(
    "nonfinite-loss",
    `the loss is not finite after ${step} steps, and such numbers have another speed`,
    "give a smaller --lr",
  );
}
