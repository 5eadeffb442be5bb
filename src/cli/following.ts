/** Follows a training run: what it tells goes to the run's folder, to stdout as results and to stderr as talk. */

import { basename } from "node:path";
import type { EpochRecord } from "../checkpoint/checkpoint.ts";
import type { Observer, Progress, StartInfo } from "../job/options.ts";
import { checkpointStep } from "../run/checkpoint-name.ts";
import type { RunFolder } from "../run/folder.ts";
import { gradientsLine } from "./gradients-line.ts";
import type { Output } from "./output.ts";
import { pipelineLine } from "./pipeline-line.ts";
import { grouped } from "./progress.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { EPOCH_HEADER, epochRow } from "./summary.ts";

export class Following implements Required<Observer> {
  /** Steps that we know were taken. */
  steps = 0;
  /** Processes that train. */
  processes = 1;
  /** The first thing that could not be written; the run is stopped for it. */
  failure: unknown = null;
  readonly #folder: RunFolder;
  readonly #output: Output;
  readonly #stepsPerEpoch: number;
  readonly #argv: readonly string[];
  readonly #stop: () => void;
  readonly #display: ProgressDisplay;
  #rows = 0;

  /** `stop` is called when the folder cannot be written any more. */
  constructor(
    folder: RunFolder,
    output: Output,
    stepsPerEpoch: number,
    argv: readonly string[],
    stop: () => void,
  ) {
    this.#folder = folder;
    this.#output = output;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#argv = argv;
    this.#stop = stop;
    this.#display = new ProgressDisplay(output);
  }

  started(info: StartInfo): void {
    this.steps = info.stepsBefore;
    this.processes = info.hosts?.length ?? 1;
    this.#output.say(`${info.model}, ${grouped(info.parameters)} parameters, ${world(info)}, ${info.engine}`);
    this.#output.detail(
      `${grouped(info.samples)} samples, ${grouped(info.testSamples)} for the test, ${grouped(info.steps)} steps`,
    );
    this.#output.detail(
      `${Math.ceil(info.memoryBytes / 2 ** 20)} MiB of shared memory, fma ${info.fma ? "fused" : "plain"}, kernels ${info.kernelDigest}`,
    );
    if (info.plan.pipeline !== null) this.#output.say(pipelineLine(info.plan.pipeline));
    if (info.plan.gradients !== null) this.#output.say(gradientsLine(info.plan.gradients));
    this.#writing(() => this.#folder.environment(this.#argv, info));
    this.#writing(() => this.#folder.plan(info.plan));
  }

  progress(progress: Progress): void {
    this.#display.show(progress);
  }

  losses(firstStep: number, losses: readonly number[], stepMs: readonly number[]): void {
    if (losses.length === 0) return;
    this.steps = Math.max(this.steps, firstStep + losses.length - 1);
    this.#writing(() => {
      this.#folder.stepped();
      this.#folder.metrics.steps(firstStep, losses, stepMs, this.#stepsPerEpoch);
    });
  }

  epoch(record: EpochRecord): void {
    if (this.#rows++ === 0) this.#output.result(EPOCH_HEADER);
    this.#output.result(epochRow(record));
    this.#output.object({ type: "epoch", ...record });
    this.#writing(() => {
      this.#folder.stepped();
      this.#folder.metrics.epoch(record);
    });
    this.#folder.log.line(JSON.stringify(record));
  }

  checkpoint(path: string): void {
    this.steps = Math.max(this.steps, checkpointStep(basename(path)) ?? 0);
    this.#writing(() => this.#folder.reached(this.steps));
    this.#output.detail(`wrote ${path}`);
  }

  trace(path: string): void {
    this.#output.detail(`wrote ${path}`);
  }

  warning(message: string): void {
    this.#output.say(`${this.#output.styled("yellow", "warning:")} ${message}`);
  }

  /** Takes the progress line away. */
  end(): void {
    this.#display.end();
  }

  #writing(write: () => void): void {
    if (this.failure !== null) return;
    try {
      write();
    } catch (thrown) {
      this.failure = thrown;
      this.#stop();
    }
  }
}

/** "2 ranks", "4 ranks in 3 processes on 2 hosts". */
function world({ ranks, hosts }: StartInfo): string {
  const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
  const text = counted(ranks, "rank", "ranks");
  if (hosts === undefined) return text;
  const names = new Set(hosts.map(({ host }) => host));
  const processes = counted(hosts.length, "process", "processes");
  return `${text} in ${processes} on ${counted(names.size, "host", "hosts")}`;
}
