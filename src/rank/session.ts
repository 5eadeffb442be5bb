/** One job in one process: its memory, its data, its weights and its ranks, from start to close. */
import type { LockstepError } from "../base/errors.ts";
import type { NamedTensor } from "../checkpoint/tensor.ts";
import { dataSha256 } from "../data/fingerprint.ts";
import { epochOrder } from "../data/sampler.ts";
import { elementCount, type Tensor } from "../graph/tensor.ts";
import { type CompiledKernels, compileKernels, instantiateKernels } from "../kernels/load.ts";
import { createMemory, growMemory } from "../kernels/memory.ts";
import { chooseSums, type GradientPlan, layersOf, type Measured, sumPlanOf } from "../plan/gradients.ts";
import type { SumForm } from "../program/chunks.ts";
import { processCount, type World } from "../program/world.ts";
import { digestOf } from "./digest.ts";
import type { Exchange } from "./exchange.ts";
import { exchangeOf, stepInHand } from "./exchange-of.ts";
import { fillData, fillWeights } from "./fill.ts";
import { STEP_RING } from "./job.ts";
import { makeJobs } from "./jobs.ts";
import { ORDER_SLOTS, type ProcessLayout } from "./layout.ts";
import { checkMemory } from "./memory-need.ts";
import { nearestLayout } from "./nearest-layout.ts";
import { type Connect, Peers } from "./peers.ts";
import { planLayout, planOpenForms } from "./plan-layout.ts";
import { RankProcess } from "./process.ts";
import { FINGERPRINT_WORDS } from "./replicas.ts";
import { fromRing } from "./ring.ts";
import type { SessionOptions } from "./session-options.ts";
import { recorded, SessionTrace } from "./session-trace.ts";
import { readProducts, tensorOf } from "./state.ts";

/** What a session keeps of its options: not the weights, nor what may know them, since they are in its memory soon. */
type Plan = Omit<SessionOptions, "start" | "check" | "epochs">;

/** Instead of the words of a fingerprint: numbers that are none have other bits on other machines. */
const NOT_FINITE = 0xffffffff;

type Started = ReturnType<typeof RankProcess.start>;
export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
}

export class Session {
  readonly compiled: CompiledKernels;
  /** The forms of gradients that are open, until links are measured. */
  readonly forms: readonly SumForm[];
  /** What is recorded of the steps; null if nothing is. */
  readonly trace: SessionTrace | null;
  readonly #options: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #losses: Float64Array;
  readonly #durationsMs: Float64Array;
  readonly #peers: Peers | null;
  /** Until links are measured, one of those that may come of it: all have weights and data in the same places. */
  #layout: ProcessLayout;
  #gradients: GradientPlan | null = null;
  #started: Started | null = null;

  private constructor(options: Plan, check: SessionOptions["check"]) {
    const { connect, world, training } = options;
    this.#options = options;
    this.compiled = compileKernels(options.fma);
    check?.(this.compiled);
    const { forms, layout, ...need } = planOpenForms(options, this.compiled.module);
    this.#layout = layout;
    this.forms = forms;
    checkMemory({ ...need, step: layout.step }, training?.batch ?? layout.evaluationBatch, (fits) =>
      training === null ? null : nearestLayout(options, this.compiled.module, fits),
    );
    // How many chunks there will be, and so how many words tell of them, is known when links are measured.
    const measures = forms.some((form) => form !== "exchange");
    this.#memory = createMemory(need.bytes, measures);
    const step = stepInHand(this.#memory, layout, world);
    this.trace = options.trace ? new SessionTrace(options.trace, step) : null;
    this.#losses = this.#numbers("lossRing", STEP_RING);
    this.#durationsMs = this.#numbers("durationRing", STEP_RING);
    this.#peers = connect && processCount(world) > 1 ? this.#makePeers(connect, measures, step) : null;
    if (this.#peers === null || !measures) this.#start();
  }

  /** Starts the ranks and, while they start, reads the data and makes the weights. */
  static async open({ start, check, epochs = [], ...options }: SessionOptions): Promise<Session> {
    const session = new Session(options, check);
    try {
      session.#fill(start);
      for (const epoch of epochs) session.prepareEpoch(epoch);
      await Promise.all([session.#started?.ready, session.#peers?.open(digestOf(session, session.#options))]);
      await session.#started?.ready;
      return session;
    } catch (error) {
      await session.close(error);
      throw error;
    }
  }

  get layout(): ProcessLayout {
    return this.#layout;
  }

  /** How the gradients come about, and why; null where there are no other processes, or nothing was to choose. */
  get gradients(): GradientPlan | null {
    return this.#gradients;
  }

  get world(): World {
    return this.#options.world;
  }

  get memoryBytes(): number {
    return this.layout.bytes;
  }

  get stepsDone(): number {
    return this.#ranks.stepsDone;
  }

  /** Writes the order of `epoch` (1, 2, …) into its slot, of which there are two: one is used while the other is made. */
  prepareEpoch(epoch: number): void {
    const { data, seed, shuffle } = this.#options;
    const begunMs = performance.now();
    const address = this.#address("order") + 4 * data.train.count * (epoch % ORDER_SLOTS);
    epochOrder(new Uint32Array(this.#memory.buffer, address, data.train.count), seed, epoch, shuffle);
    this.trace?.spans.end("order", -1, begunMs);
  }

  /**
   * Trains on batches `first` … `end`−1 of an epoch that was prepared. Resolves to the run's steps that are
   * done, when this process has the weights of all stages as they are then.
   */
  async train(epoch: number, first: number, end: number, steps: number): Promise<number> {
    const done = await this.#ranks.train(first, end, epoch % ORDER_SLOTS, steps);
    if (this.layout.holdings.length > 0)
      await recorded(this.trace, "collect", async () => this.#peers?.collect(done));
    return done;
  }

  stopAfterThisStep(): void {
    this.#ranks.stopAfterThisStep();
  }

  /**
   * After `step` steps: resolves when all processes have the same weights, or when none finds its state `finite`; rejects with a
   * RankError otherwise.
   */
  async agree(step: number, finite = true): Promise<void> {
    if (this.#peers === null) return;
    const first = this.#address("fingerprint");
    const { replicas } = this.layout;
    const words = new Uint32Array(this.#memory.buffer, first, FINGERPRINT_WORDS * replicas.length);
    words.fill(finite ? 0 : NOT_FINITE);
    const kernels = instantiateKernels(this.compiled.module, this.#memory);
    for (const [group, { parameters }] of finite ? replicas.entries() : [])
      for (const { name, shape } of parameters)
        kernels.fingerprint(first + 4 * FINGERPRINT_WORDS * group, this.#address(name), elementCount(shape));
    const { trace } = this;
    await recorded(trace, "compare", async () => this.#peers?.agree(words.slice(), step));
  }

  /** Sum of the losses of the epoch in hand (NUMERICS §1.6: ascending, in f64, by one thread). */
  get epochLoss(): number {
    return this.#numbers("epochLoss")[0];
  }

  set epochLoss(sum: number) {
    this.#numbers("epochLoss")[0] = sum;
  }

  /** Sum of the losses of the latest step. */
  get stepLoss(): number {
    return this.#numbers("stepLoss")[0];
  }

  /**
   * Mean losses and durations (ms) of `count` steps of the run from step `first` (1, 2, …); only the latest
   * STEP_RING are remembered.
   */
  records(first: number, count: number): { losses: number[]; stepMs: number[] } {
    return {
      losses: fromRing(this.#losses, first - 1, count),
      stepMs: fromRing(this.#durationsMs, first - 1, count),
    };
  }

  /** Mean loss and share of right answers over the test set. */
  async evaluate(): Promise<Evaluation> {
    await recorded(this.trace, "evaluate", () => this.#ranks.evaluate());
    const { count } = this.#options.data.test;
    const losses = new Float32Array(this.#memory.buffer, this.#address("test.losses"), count);
    const correct = new Int32Array(this.#memory.buffer, this.#address("test.correct"), count);
    return {
      loss: losses.reduce((sum, loss) => sum + loss, 0) / count,
      accuracy: correct.reduce((sum, one) => sum + one, 0) / count,
    };
  }

  /** The parameters: as they are now, or views that training changes. Valid until the session is closed. */
  get parameters(): NamedTensor[] {
    return this.#named(this.layout.step.parameters);
  }

  /** The parameters and the optimizer's state, likewise. */
  get tensors(): NamedTensor[] {
    return this.#named([...this.layout.step.parameters, ...this.layout.step.states]);
  }

  get products(): [number, number] {
    return readProducts(this.#memory, this.#address("hyper"));
  }

  /** The fingerprint of the training half in memory, or of the other. */
  dataSha256(half: "train" | "test" = "train"): string {
    const { width, [half]: data } = this.#options.data;
    const prefix = half === "train" ? "" : "test.";
    const images = this.#bytes(`${prefix}images`, data.count * width);
    return dataSha256(images, this.#bytes(`${prefix}labels`, data.count), width);
  }

  /**
   * Ends the ranks, and the links: when all others are done, too, or at once where a rank failed, or `thrown` says what did.
   * Rejects with what goes wrong between processes meanwhile.
   */
  async close(thrown: unknown = null): Promise<void> {
    const failure = this.#started?.process.failure ?? thrown;
    if (failure !== null) this.#peers?.abort(failure);
    await this.#started?.process.close();
    await this.#peers?.close();
  }

  #makePeers(connect: Connect, measures: boolean, step: () => number): Peers {
    const { world, timeoutMs } = this.#options;
    const module = measures ? this.compiled.module : null;
    const exchange = (measured: Measured | null) => this.#exchangeFor(measured);
    const { trace } = this;
    return new Peers({ world, connect, measured: module, step, timeoutMs, exchange, trace });
  }

  #start(): void {
    const jobs = makeJobs(this.#options, this.compiled, this.#memory, this.layout);
    this.#started = RankProcess.start(this.trace?.record(jobs) ?? jobs, this.#options.instrument?.script);
    this.#started.ready.catch(() => {}); // heard in open(), which may still be reading data when a rank fails
  }

  /** Where links were measured, the plan that they ask for; then the ranks are started by it. */
  #exchangeFor(measured: Measured | null): Exchange {
    if (measured !== null) {
      const { world, training } = this.#options;
      const { batch } = training as NonNullable<Plan["training"]>;
      const choices = chooseSums(layersOf(this.layout.step.graph.nodes), batch, world, this.forms, measured);
      this.#gradients = { measured, choices };
      this.#layout = planLayout(this.#options, this.compiled.module, sumPlanOf(choices));
      growMemory(this.#memory, this.layout.bytes);
      this.#start();
    }
    const fail = (error: LockstepError) => this.#ranks.fail(error);
    return exchangeOf(this.#memory, this.compiled.module, this.#options.world, this.layout, fail);
  }

  get #ranks(): RankProcess {
    return (this.#started as Started).process;
  }

  #named(tensors: readonly Tensor[]): NamedTensor[] {
    return tensors.map((tensor) => tensorOf(this.#memory, this.layout, tensor));
  }

  #address(name: string): number {
    return this.layout.addresses.get(name) as number;
  }

  #numbers(name: string, count = 1): Float64Array {
    return new Float64Array(this.#memory.buffer, this.#address(name), count);
  }

  #bytes(name: string, count: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#address(name), count);
  }

  #fill(start: SessionOptions["start"]): void {
    const { data, training, seed } = this.#options;
    fillData(this.#memory, this.layout, data, training !== null);
    const kernels = instantiateKernels(this.compiled.module, this.#memory);
    fillWeights(kernels, this.#memory, this.layout, { seed, training, start });
  }
}
