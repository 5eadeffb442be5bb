/** The training loop: read this first. Epoch after epoch: prepare the order, train, evaluate, write a checkpoint. */
import { join } from "node:path";
import type { Settings } from "./base/config.ts";
import {
  type Checkpoint,
  type EpochRecord,
  type TrainingState,
  writingCheckpoint,
} from "./checkpoint/checkpoint.ts";
import type { NamedTensor } from "./checkpoint/tensor.ts";
import { allFinite, hashingWeights } from "./checkpoint/weights.ts";
import { batchCount } from "./data/shares.ts";
import { checkFit, checkFmaClass, checkResume, checkSameData, checkSlices, otherKernels } from "./job/fit.ts";
import { inSlices } from "./job/in-slices.ts";
import type { TrainOptions, TrainResult } from "./job/options.ts";
import { type Position, Progression } from "./job/progression.ts";
import { completeSettings, pipelineOf } from "./job/settings.ts";
import { startInfo } from "./job/start-info.ts";
import { traceWindow } from "./job/trace-window.ts";
import { writeTraces } from "./job/traces.ts";
import { alone } from "./program/world.ts";
import { ORDER_SLOTS } from "./rank/layout.ts";
import { Session } from "./rank/session.ts";
import { recorded } from "./rank/session-trace.ts";
import { checkpointName } from "./run/checkpoint-name.ts";

/**
 * Trains `model` on `data`. Resolves when all steps are done, the signal was aborted, or a loss or weight was not finite.
 * Throws InputError where settings, data and model do not fit; RankError where a rank failed or hung.
 */
export function train(options: TrainOptions): Promise<TrainResult> {
  // No `await` here, which would keep the options: the tensors of `resume` may go once the ranks have them.
  return Training.open(options).then((training) => training.run());
}

class Training {
  readonly #options: Omit<TrainOptions, "resume">;
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #progression: Progression;
  readonly #epochs: EpochRecord[];
  readonly #stepsPerEpoch: number;
  readonly #steps: number;
  #at: Position;
  /** The step after which all processes had the same weights, and a checkpoint was written. */
  #agreed = -1;
  /** Null until a checkpoint needs it. */
  #dataSha256: string | null;
  readonly #warnings: readonly string[];

  private constructor(
    { resume, ...options }: TrainOptions,
    settings: Settings,
    session: Session,
    dataSha256: string | null,
  ) {
    const state = resume?.state;
    const { data } = options;
    this.#options = options;
    this.#settings = settings;
    this.#session = session;
    this.#dataSha256 = dataSha256;
    this.#stepsPerEpoch = batchCount(data.train.count, settings.batch);
    this.#steps = stepsOf(settings, data.train.count);
    this.#epochs = [...(state?.epochs ?? [])];
    this.#at = { step: state?.step ?? 0, epoch: state?.epoch ?? 0, stepInEpoch: state?.stepInEpoch ?? 0 };
    session.epochLoss = state?.epochLoss ?? 0;
    this.#progression = new Progression(session, options, settings, this.#steps, state?.epochSeconds ?? 0);
    this.#warnings = [...session.compiled.warnings, ...otherKernels(resume, session.compiled.digest)];
  }

  static async open(options: TrainOptions): Promise<Training> {
    const { model, data, resume, world, trace } = options;
    const settings = completeSettings(options.settings, resume, world?.ranks);
    checkFit(settings, data, world);
    if (resume) checkResume(resume, settings, data, options.origin);
    const { ranks, fma, seed, shuffle, optimizer, batch, clipNorm, numerics, allreduce } = settings;
    const done = resume?.state.epoch ?? 0;
    const steps = stepsOf(settings, data.train.count);
    const session = await Session.open({
      ...{
        model,
        data,
        fma,
        seed,
        shuffle,
        numerics,
        allreduce,
        timeoutMs: 1000 * settings.collectiveTimeout,
      },
      world: world ? { self: world.self, ranks: world.ranks, hosts: world.hosts } : alone(ranks),
      // Who would stop at another step, or begin at another one, is not of this run.
      connect:
        world &&
        ((digest, inbox, options) =>
          world.connect({ ...digest, steps: wayOf(settings, resume) }, inbox, options)),
      pipeline: pipelineOf(settings, world?.ranks ?? [ranks]),
      layout: settings.layout,
      training: { optimizer, batch, clipNorm, learningRate: settings.lr, weightDecay: settings.weightDecay },
      start: resume && {
        tensors: resume.tensors,
        products: resume.state.products,
        modelSha256: resume.state.modelSha256,
      },
      epochs: Array.from(
        { length: Math.min(ORDER_SLOTS, settings.epochs - done) },
        (_, index) => done + 1 + index,
      ),
      trace: trace && traceWindow(trace.steps, resume?.state.step ?? 0, steps),
      check: ({ fma }) => resume && checkFmaClass(resume, fma),
    });
    try {
      checkSlices(session.layout.step.parameters, settings.layout);
      const dataSha256 = resume ? session.dataSha256() : null;
      if (resume && dataSha256) checkSameData(resume, data, dataSha256);
      return new Training(options, settings, session, dataSha256);
    } catch (thrown) {
      await session.close();
      throw thrown;
    }
  }

  /** Once: ends the ranks, too. */
  async run(): Promise<TrainResult> {
    let failure: unknown = null;
    let status = "failed";
    try {
      const result = await this.#run();
      ({ status } = result);
      return result;
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      await this.#session.close(failure);
      this.#writeTraces(status);
    }
  }

  #writeTraces(status: string): void {
    const { trace, observer } = this.#options;
    const [session, settings] = [this.#session, this.#settings];
    if (trace) writeTraces({ session, settings, status }, trace, observer);
  }

  async #run(): Promise<TrainResult> {
    const { observer, signal } = this.#options;
    const stop = () => this.#session.stopAfterThisStep();
    for (const warning of this.#warnings) observer?.warning?.(warning);
    observer?.started?.(startInfo(this.#session, this.#settings, this.#options, this.#steps, this.#at.step));
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    try {
      const status = await this.#trainEpochs();
      if (status !== "nonfinite") await this.#save();
      return await this.#result(status);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async #trainEpochs(): Promise<TrainResult["status"]> {
    while (this.#at.step < this.#steps) {
      // Processes that train together stop after a step that all know to be the last: process 0 says it in the step's messages.
      if (this.#options.signal?.aborted && !this.#options.world) return "interrupted";
      const asked = Math.min(this.#stepsPerEpoch, this.#at.stepInEpoch + this.#steps - this.#at.step);
      await this.#trainTo(asked);
      if (!Number.isFinite(this.#session.stepLoss)) return "nonfinite";
      if (this.#at.stepInEpoch < asked) return (await this.#isFinite()) ? "interrupted" : "nonfinite";
      if (!(await this.#endEpoch())) return "nonfinite";
    }
    // A run that is taken up where it was cut short, with no step left to do, still has that epoch to tell of.
    const owed = this.#at.stepInEpoch > 0 && !this.#cutShort;
    return owed && !(await this.#endEpoch()) ? "nonfinite" : "ok";
  }

  /** Trains the epoch in hand up to its step `end`. */
  async #trainTo(end: number): Promise<void> {
    const { step, epoch, stepInEpoch } = this.#at;
    this.#progression.begin(this.#at);
    try {
      const done = await this.#session.train(epoch + 1, stepInEpoch, end, step);
      this.#at = { step: done, epoch, stepInEpoch: stepInEpoch + done - step };
    } finally {
      this.#progression.end();
    }
    this.#progression.check();
  }

  /**
   * Evaluates, also where `--max-steps` cut the epoch short; a whole epoch makes room for the next one. False if what the
   * last update left is not finite, though the loss before it was: nothing to save, or to go on from. Meanwhile the order of
   * the epoch after the next takes the place of the one just trained.
   */
  async #endEpoch(): Promise<boolean> {
    const { epoch, stepInEpoch, step } = this.#at;
    const samples = Math.min(stepInEpoch * this.#settings.batch, this.#options.data.train.count);
    const evaluated = this.#session.evaluate();
    const isWhole = stepInEpoch === this.#stepsPerEpoch;
    if (isWhole && step + this.#stepsPerEpoch < this.#steps)
      this.#session.prepareEpoch(epoch + 1 + ORDER_SLOTS);
    const { loss, accuracy } = await evaluated;
    const record: EpochRecord = {
      epoch: epoch + 1,
      seconds: this.#progression.epochSeconds,
      trainLoss: this.#session.epochLoss / samples,
      testLoss: loss,
      testAccuracy: accuracy,
    };
    this.#options.observer?.epoch?.(record);
    const finite = await this.#isFinite(loss);
    if (finite && isWhole) {
      this.#epochs.push(record);
      this.#at = { step, epoch: epoch + 1, stepInEpoch: 0 };
      this.#session.epochLoss = 0;
      this.#progression.epochSeconds = 0;
      await this.#save();
    } else this.#cutShort = record;
    return finite;
  }

  /** Whether the weights are finite, and can be kept; processes that find it otherwise than others broke, and end. */
  async #isFinite(loss = 0): Promise<boolean> {
    const finite = Number.isFinite(loss) && allFinite(this.#session.parameters);
    if (!finite) await this.#session.agree(this.#at.step, false);
    return finite;
  }

  /** The entry of an epoch that was cut short, or spoilt: part of the result, not of the state to go on from. */
  #cutShort: EpochRecord | null = null;

  /** All processes come by at the same step: what is kept is what all have. */
  async #save(): Promise<void> {
    const { checkpointFolder, observer } = this.#options;
    if (this.#agreed === this.#at.step) return;
    await this.#session.agree(this.#at.step);
    this.#agreed = this.#at.step;
    if (!checkpointFolder) return;
    const path = join(checkpointFolder, checkpointName(this.#at.step));
    await recorded(this.#session.trace, "checkpoint", () =>
      inSlices(writingCheckpoint(path, this.#session.tensors, this.#state())),
    );
    observer?.checkpoint?.(path);
  }

  #state(): TrainingState {
    // Which model and data set these settings name says the origin alone: a program may train any.
    const { model: _, hidden: __, activation: ___, dataset: ____, ...settings } = this.#settings;
    const { seed, shuffle, batch, optimizer } = settings;
    const { fma, digest } = this.#session.compiled;
    this.#dataSha256 ??= this.#session.dataSha256();
    return {
      ...this.#at,
      epochLoss: this.#session.epochLoss,
      epochSeconds: this.#progression.epochSeconds,
      epochs: this.#epochs,
      ...{ seed, shuffle, batch, optimizer, fma, summation: "chain", kernelDigest: digest },
      samples: this.#options.data.train.count,
      products: this.#session.products,
      modelSha256: this.#session.layout.modelSha256,
      dataSha256: this.#dataSha256,
      settings: { ...settings, ...this.#options.origin },
    };
  }

  async #result(status: TrainResult["status"]): Promise<TrainResult> {
    const views = this.#session.parameters;
    const hash = await inSlices(hashingWeights(views));
    let weights: NamedTensor[] | null = null;
    return {
      status: hash === null ? "nonfinite" : status,
      epochs: this.#cutShort ? [...this.#epochs, this.#cutShort] : this.#epochs,
      steps: this.#at.step,
      samplesPerSecond: this.#progression.samplesPerSecond,
      stepMs: this.#progression.stepMs,
      weightsSha256: hash,
      get weights() {
        weights ??= views
          .splice(0)
          .map(({ data, ...named }) => ({ ...named, data: Float32Array.from(data) }));
        return weights;
      },
      engine: this.#session.compiled.engine,
      fma: this.#session.compiled.fma,
    };
  }
}

/** Of the whole run. */
function stepsOf({ epochs, batch, maxSteps }: Settings, samples: number): number {
  return Math.min(epochs * batchCount(samples, batch), maxSteps ?? Number.POSITIVE_INFINITY);
}

/** From which step to which a run goes, in words to compare. */
function wayOf({ epochs, maxSteps }: Settings, resume: Checkpoint | undefined): string {
  const { step = 0, epoch = 0, stepInEpoch = 0 } = resume?.state ?? {};
  return JSON.stringify({ step, epoch, stepInEpoch, epochs, maxSteps });
}
