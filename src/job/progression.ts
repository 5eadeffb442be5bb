/** How far a job is and how fast: reads the ranks' rings several times a second and tells the observer. */
import type { Settings } from "../base/config.ts";
import { Histogram } from "../profile/histogram.ts";
import { STEP_RING } from "../rank/job.ts";
import type { Session } from "../rank/session.ts";
import type { Progress, TrainOptions } from "./options.ts";

const TICK_MS = 100;
/** Losses handed to the observer at once. */
const CHUNK_STEPS = 4096;
/** Those of the rings' steps that are surely not being overwritten while they are read. */
const KEPT_STEPS = STEP_RING - 16;

/** Where a job stands: steps done of the run; whole epochs done; steps done of the epoch in hand. */
export interface Position {
  readonly step: number;
  readonly epoch: number;
  readonly stepInEpoch: number;
}

/** What a job's steps are read from. */
export type Source = Pick<Session, "stepsDone" | "records" | "stopAfterThisStep">;

export class Progression {
  readonly #session: Source;
  readonly #options: TrainOptions;
  readonly #settings: Settings;
  readonly #steps: number;
  readonly #durations = new Histogram();
  #at: Position = { step: 0, epoch: 0, stepInEpoch: 0 };
  #heard = 0;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;
  #secondsBefore = 0;
  #samplesBefore = 0;
  /** What the observer threw first, in an array since it may be undefined. */
  readonly #thrown: unknown[] = [];
  /** Seconds of training in the epoch in hand. */
  epochSeconds: number;

  constructor(
    session: Source,
    options: TrainOptions,
    settings: Settings,
    steps: number,
    epochSeconds: number,
  ) {
    this.#session = session;
    this.#options = options;
    this.#settings = settings;
    this.#steps = steps;
    this.epochSeconds = epochSeconds;
  }

  get stepMs(): { p50: number; p95: number } {
    return { p50: this.#durations.quantile(0.5), p95: this.#durations.quantile(0.95) };
  }

  /** Over all training so far, without evaluation and checkpoints. */
  get samplesPerSecond(): number {
    return this.#secondsBefore > 0 ? this.#samplesBefore / this.#secondsBefore : 0;
  }

  /** Training starts at `at`. */
  begin(at: Position): void {
    this.#at = at;
    this.#heard = at.step;
    this.#began = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Training has ended, or failed. Never throws: a rank's own error goes first. */
  end(): void {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#began) / 1000;
    this.epochSeconds += seconds;
    this.#secondsBefore += seconds;
    this.#samplesBefore += this.#samplesSince();
    this.#heed(() => this.#listen());
  }

  /** Throws what the observer has thrown meanwhile. */
  check(): void {
    if (this.#thrown.length > 0) throw this.#thrown[0];
  }

  /** Samples trained since `begin`. */
  #samplesSince(): number {
    const { batch } = this.#settings;
    const { count } = this.#options.data.train;
    const last = this.#at.stepInEpoch + this.#session.stepsDone - this.#at.step;
    return Math.min(last * batch, count) - this.#at.stepInEpoch * batch;
  }

  #tick(): void {
    this.#heed(() => {
      this.#listen();
      const step = this.#session.stepsDone;
      if (step > this.#at.step) this.#options.observer?.progress?.(this.#progress(step));
    });
  }

  /** Calls the observer, unless it has thrown: then it hears no more, and the ranks stop. */
  #heed(tell: () => void): void {
    if (this.#thrown.length > 0) return;
    try {
      tell();
    } catch (thrown) {
      this.#thrown.push(thrown);
      clearInterval(this.#timer);
      this.#session.stopAfterThisStep();
    }
  }

  #progress(step: number): Progress {
    const seconds = (performance.now() - this.#began) / 1000;
    const samplesPerSecond = this.#samplesSince() / seconds;
    return {
      epoch: this.#at.epoch + 1,
      epochs: this.#settings.epochs,
      step,
      steps: this.#steps,
      loss: this.#session.records(step, 1).losses[0],
      samplesPerSecond,
      secondsLeft: ((this.#steps - step) * seconds) / (step - this.#at.step),
    };
  }

  /** Takes over what the rings have gained; what they have lost meanwhile is left out. */
  #listen(): void {
    for (const done = this.#session.stepsDone; this.#heard < done; ) {
      const first = Math.max(this.#heard + 1, this.#firstKept());
      const last = Math.min(done, first + CHUNK_STEPS - 1);
      const read = this.#session.records(first, last - first + 1);
      // The ranks go on: what they have overwritten while we read was read wrongly.
      const lost = Math.max(0, Math.min(read.losses.length, this.#firstKept() - first));
      const [losses, stepMs] = [read.losses.slice(lost), read.stepMs.slice(lost)];
      for (const durationMs of stepMs) this.#durations.add(durationMs);
      this.#heard = last;
      if (losses.length > 0) this.#options.observer?.losses?.(first + lost, losses, stepMs);
    }
  }

  /** The oldest step that the rings hold for sure. */
  #firstKept(): number {
    return this.#session.stepsDone + 1 - KEPT_STEPS;
  }
}
