/** What a rank does: steps of a program, one after the other, in time with the others. Never awaits, allocates nothing a step. */
import type { Kernels } from "../kernels/abi.ts";
import { barriersOnly, Executor, type Meetings } from "../program/execute.ts";
import { type Program, STEP } from "../program/instruction.ts";
import { placeOfRank } from "../program/pipeline-place.ts";
import { StepParameters } from "../program/step-parameters.ts";
import { alone, processCount, worldRank } from "../program/world.ts";
import { Barrier, gateSpinCount, spinCount } from "./barrier.ts";
import { beatWord, controlWords, NO_LAST_STEP, stepWord, WORD } from "./control.ts";
import { concerns, delayEach, dragEach, inject, pauseOnce, skipOne } from "./fault.ts";
import { Gates, gateWords } from "./gates.ts";
import { type PipelineJob, type RankJob, STEP_RING } from "./job.ts";
import { FINGERPRINT_WORDS, REPLICA_STEPS } from "./replicas.ts";
import { Signals, signalWords } from "./signals.ts";

/** What executes a program, a step a call: an Executor, or whoever wants to know more of it. */
export interface Runner {
  run(step: Int32Array): void;
}

/** `meetings` are what the program calls where it calls no kernel. */
export type MakeRunner = (program: Program, kernels: Kernels, meetings: Meetings) => Runner;

const makeExecutor: MakeRunner = (program, kernels, meetings) => new Executor(program, kernels, meetings);

export class RankLoop {
  readonly #job: RankJob;
  readonly #kernels: Pick<Kernels, "fingerprint">;
  readonly #words: Int32Array;
  readonly #train: Runner | null;
  readonly #evaluate: Runner;
  readonly #trainStep: StepParameters;
  readonly #evaluateStep: StepParameters;
  /** The world's rank 0. */
  readonly #isFirst: boolean;
  /** null in a process that has no others. */
  readonly #signals: Signals | null;
  /** null in a process that is no pipeline. */
  readonly #gates: Gates | null;
  readonly #stepLoss: Float64Array;
  readonly #losses: Float64Array;
  readonly #durationsMs: Float64Array;
  /** When the latest step ended. */
  readonly #clockMs = new Float64Array(1);
  #steps = 0;

  constructor(job: RankJob, kernels: Kernels, makeRunner = makeExecutor) {
    const { memory, rank, ranks, world, timeoutMs, addresses } = job;
    this.#job = job;
    this.#kernels = kernels;
    this.#words = controlWords(memory, addresses.control, ranks);
    const barrier = new Barrier(this.#words, {
      rank,
      ranks,
      firstRank: worldRank(world, 0),
      timeoutMs,
      spins: spinCount(this.#words, ranks),
    });
    const meet = () => barrier.meet();
    this.#gates = job.pipeline && this.#makeGates(job.pipeline);
    this.#signals = processCount(world) > 1 ? this.#makeSignals() : null;
    const meetings = this.#faulty({
      ...(this.#signals?.meetings(meet) ?? barriersOnly(meet)),
      ...this.#gates?.meetings,
    });
    this.#train = job.train && makeRunner(job.train, this.#faultyKernels(kernels), meetings);
    this.#evaluate = makeRunner(job.evaluate, kernels, barriersOnly(meet));
    this.#isFirst = worldRank(world, rank) === 0;
    this.#trainStep = new StepParameters(
      world,
      rank,
      job.pipeline && placeOfRank(job.pipeline, world.self, rank),
    );
    this.#evaluateStep = new StepParameters(alone(ranks), rank);
    this.#stepLoss = new Float64Array(memory.buffer, addresses.stepLoss, 1);
    this.#losses = new Float64Array(memory.buffer, addresses.lossRing, STEP_RING);
    this.#durationsMs = new Float64Array(memory.buffer, addresses.durationRing, STEP_RING);
  }

  /** Steps of the run that are done, this rank's count. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Trains on batches `first` … `end`−1 of an epoch whose order is in `slot`; `steps` were done before. Ends early after a
   * step that was announced as the last one, or whose loss is not finite: every rank sees both alike.
   */
  train(first: number, end: number, slot: number, steps: number): void {
    const { rank, batch, samples } = this.#job;
    this.#steps = steps;
    this.#clockMs[0] = performance.now();
    for (let index = first; index < end; index++) {
      this.#announceLastStep();
      this.#beat();
      Atomics.store(this.#words, stepWord(rank), this.#steps + 1);
      const size = Math.min(batch, samples - index * batch) - this.#injectFault();
      this.#trainStep.set(slot * samples + index * batch, size);
      this.#signals?.begin(size);
      this.#gates?.begin();
      this.#fingerprint();
      this.#train?.run(this.#trainStep.numbers);
      this.#steps++;
      const loss = this.#stepLoss[0];
      if (rank === 0) this.#record();
      if (this.#words[WORD.lastStep] <= this.#steps || loss - loss !== 0) return;
    }
  }

  /** Leaves loss and correctness of every test sample in the evaluation's streams. */
  evaluate(): void {
    const { evaluationBatch, testSamples } = this.#job;
    for (let first = 0; first < testSamples; first += evaluationBatch) {
      this.#beat();
      this.#evaluateStep.set(first, Math.min(evaluationBatch, testSamples - first));
      this.#evaluate.run(this.#evaluateStep.numbers);
    }
  }

  /** Of the weights as the step before left them, in time for no rank has begun to change them. */
  #fingerprint(): void {
    const { rank, addresses } = this.#job;
    if (rank !== 0 || this.#steps === 0 || this.#steps % REPLICA_STEPS !== 0) return;
    this.#signals?.fingerprint((state) => {
      for (const [group, parameters] of addresses.replicas.entries())
        for (const [address, elements] of parameters)
          this.#kernels.fingerprint(state + 4 * FINGERPRINT_WORDS * group, address, elements);
    });
  }

  #makeGates({ gates }: PipelineJob): Gates {
    const { memory, rank, ranks, world, addresses, timeoutMs } = this.#job;
    // A main thread that has bytes to move wants the core.
    const spins = processCount(world) > 1 ? spinCount(this.#words, ranks) : gateSpinCount(this.#words, ranks);
    const words = gateWords(memory, addresses.gates, gates.length);
    const firstRank = worldRank(world, 0);
    return new Gates(words, { rank, firstRank, control: this.#words, gates, spins, timeoutMs });
  }

  #makeSignals(): Signals {
    const { memory, rank, ranks, world, transfers, timeoutMs, addresses } = this.#job;
    const words = signalWords(memory, addresses.signals, transfers.length, addresses.replicas.length);
    return new Signals(words, this.#words, transfers, {
      ...{ rank, ranks, world, timeoutMs },
      step: () => this.#steps + 1,
    });
  }

  /**
   * Rank 0 of process 0 turns a stop request into a last step before the step's barriers, so that all ranks read the same after
   * them; other processes are told with what they are sent in the step.
   */
  #announceLastStep(): void {
    if (this.#isFirst && Atomics.load(this.#words, WORD.stopRequest) !== 0) {
      if (this.#words[WORD.lastStep] === NO_LAST_STEP)
        Atomics.store(this.#words, WORD.lastStep, this.#steps + 1);
    }
  }

  /**
   * Leaves the step's mean loss and duration in the rings. No time is handed from function to function: it
   * may become an object.
   */
  #record(): void {
    const entry = (this.#steps - 1) % STEP_RING;
    const now = performance.now();
    this.#durationsMs[entry] = now - this.#clockMs[0];
    this.#clockMs[0] = now;
    this.#losses[entry] = this.#stepLoss[0] / this.#trainStep.numbers[STEP.batch];
    Atomics.store(this.#words, WORD.stepsDone, this.#steps);
  }

  #faulty(meetings: Meetings): Meetings {
    const { fault, rank, world } = this.#job;
    const number = worldRank(world, rank);
    if (fault === null || !concerns(fault, number)) return meetings;
    if (fault.kind === "delay")
      return delayEach(meetings, fault.argument ?? 2, number, () => fault.step <= this.#steps + 1);
    if (fault.kind !== "skip") return meetings;
    const hasOthers = this.#signals !== null;
    return skipOne(meetings, fault.argument ?? 1, hasOthers, () => fault.step === this.#steps + 1);
  }

  #faultyKernels(kernels: Kernels): Kernels {
    const { fault, rank, world } = this.#job;
    if (fault === null || !concerns(fault, worldRank(world, rank))) return kernels;
    if (fault.kind === "slow")
      return pauseOnce(kernels, fault.argument ?? 100, () => fault.step === this.#steps + 1);
    if (fault.kind !== "drag") return kernels;
    return dragEach(kernels, fault.argument ?? 30, () => fault.step <= this.#steps + 1);
  }

  #beat(): void {
    Atomics.add(this.#words, beatWord(this.#job.rank), 1);
  }

  /** Of how many samples the rank does not know. */
  #injectFault(): number {
    const { fault, rank, world, memory, addresses } = this.#job;
    if (fault === null || !concerns(fault, worldRank(world, rank)) || fault.step !== this.#steps + 1)
      return 0;
    return inject(fault, new Uint32Array(memory.buffer, addresses.firstParameter, 1));
  }
}
