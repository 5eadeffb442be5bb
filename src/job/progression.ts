/** How far a job is and how fast: reads the ranks' rings several times a second and tells the observer. */
import type { Settings } from "../base/config.ts";
import { Histogram } from "../profile/histogram.ts";
import type { Session } from "../rank/session.ts";
import type { Progress, TrainOptions } from "./options.ts";

const TICK_MS = 100;
/** Losses handed to the observer at once. */
const CHUNK_STEPS = 4096;

/** Where a job stands: steps done of the run; whole epochs done; steps done of the epoch in hand. */
export interface Position {
  readonly step: number;
  readonly epoch: number;
  readonly stepInEpoch: number;
}

export class Progression {
  readonly #session: Session;
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
  /** Seconds of training in the epoch in hand. */
  epochSeconds: number;

  constructor(
    session: Session,
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

  /** Training has ended, or failed. */
  end(): void {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#began) / 1000;
    this.epochSeconds += seconds;
    this.#secondsBefore += seconds;
    this.#samplesBefore += this.#samplesSince();
    this.#listen();
  }

  /** Samples trained since `begin`. */
  #samplesSince(): number {
    const { batch } = this.#settings;
    const { count } = this.#options.data.train;
    const last = this.#at.stepInEpoch + this.#session.stepsDone - this.#at.step;
    return Math.min(last * batch, count) - this.#at.stepInEpoch * batch;
  }

  #tick(): void {
    this.#listen();
    const step = this.#session.stepsDone;
    if (step > this.#at.step) this.#options.observer?.progress?.(this.#progress(step));
  }

  #progress(step: number): Progress {
    const seconds = (performance.now() - this.#began) / 1000;
    const samplesPerSecond = this.#samplesSince() / seconds;
    return {
      epoch: this.#at.epoch + 1,
      epochs: this.#settings.epochs,
      step,
      steps: this.#steps,
      loss: this.#session.record(step).loss,
      samplesPerSecond,
      secondsLeft: ((this.#steps - step) * seconds) / (step - this.#at.step),
    };
  }

  /** Takes over what the rings have gained. */
  #listen(): void {
    for (const done = this.#session.stepsDone; this.#heard < done; ) {
      const first = this.#heard + 1;
      const steps = Math.min(done - this.#heard, CHUNK_STEPS);
      const records = Array.from({ length: steps }, (_, index) => this.#session.record(first + index));
      for (const { durationMs } of records) this.#durations.add(durationMs);
      const [losses, stepMs] = [records.map(({ loss }) => loss), records.map(({ durationMs }) => durationMs)];
      this.#options.observer?.losses?.(first, losses, stepMs);
      this.#heard += steps;
    }
  }
}
