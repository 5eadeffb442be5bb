/** From readings to rows: what each instruction of each rank takes, and how near it comes to the machine's peak. */
import type { Engine } from "../kernels/engine.ts";
import type { CompiledKernels } from "../kernels/load.ts";
import type { Instruction } from "../program/instruction.ts";
import { namesOf } from "../rank/instruction-names.ts";
import type { ProcessLayout } from "../rank/layout.ts";
import type { MachinePeak } from "./machine-peak.ts";
import { median } from "./statistics.ts";
import type { StepBenchOptions } from "./step-bench.ts";
import type { Readings } from "./timed-program.ts";

export interface StepRow {
  readonly rank: number;
  readonly id: number;
  readonly kind: Instruction["kind"];
  /** null for a barrier. */
  readonly kernel: string | null;
  /** The parameter, state or data that it is about, where the program shows it. */
  readonly name: string | null;
  /** As in the program: instructions of one key cost the same. */
  readonly costKey: string;
  /** Median, with the clock in it. */
  readonly us: number;
  /** Per cent of the rank's observed steps: see Readings.shares. */
  readonly share: number;
  readonly gflops: number;
  readonly gbs: number;
  /** Which of the two roofs is the lower one for it; null for a barrier. */
  readonly bound: "multiply-adds" | "copy" | null;
  /** How much of the time it would take under that roof. */
  readonly percentOfPeak: number | null;
}

export interface StepBreakdown {
  readonly rows: readonly StepRow[];
  /** Widths, such as 784-128-10. */
  readonly model: string;
  readonly batch: number;
  readonly ranks: number;
  /** Cores that the ranks have. */
  readonly cores: number;
  readonly engine: Engine;
  /** Steps that the medians are taken of. */
  readonly steps: number;
  /** Median of a step without a clock between its instructions, and of one with it: rank 0's. */
  readonly stepUs: number;
  readonly observedStepUs: number;
  readonly gflops: number;
  /** What multiply-adds of one core come to, and the step's share of that of all its cores. */
  readonly peakGflops: number;
  readonly percentOfPeak: number;
  /** By rank: microseconds at barriers in a step, and their share of it. */
  readonly waiting: readonly { readonly us: number; readonly share: number }[];
}

export interface Measured {
  readonly layout: ProcessLayout;
  /** Of each rank. */
  readonly readings: readonly Readings[];
  readonly peak: MachinePeak;
  readonly compiled: CompiledKernels;
  readonly options: StepBenchOptions;
}

export function breakDown({ layout, readings, peak, compiled, options }: Measured): StepBreakdown {
  const programs = layout.train ?? [];
  const steps = readings.map((own) => ({ plain: median(own.column(0)), observed: median(own.column(1)) }));
  const rows = programs.flatMap((program, rank) => {
    const names = namesOf(program, layout);
    const shares = readings[rank].shares();
    return program.instructions.map((instruction, index) => {
      const us = median(readings[rank].column(2 + index));
      return { rank, ...describe(instruction, us, peak), name: names[index], us, share: shares[index] };
    });
  });
  const flops = programs
    .flatMap(({ instructions }) => instructions)
    .reduce((sum, each) => sum + each.flops, 0);
  const gflops = flops / steps[0].plain / 1e3;
  const cores = Math.min(options.ranks, options.cores);
  return {
    rows,
    model: widths(layout),
    batch: options.training.batch,
    ranks: options.ranks,
    cores,
    engine: compiled.engine,
    steps: readings[0].count,
    stepUs: steps[0].plain,
    observedStepUs: steps[0].observed,
    gflops,
    peakGflops: peak.gflops,
    percentOfPeak: (100 * gflops) / (cores * peak.gflops),
    waiting: programs.map((_, rank) => waiting(rows.filter((row) => row.rank === rank))),
  };
}

function describe({ id, kind, kernel, costKey, flops, bytes }: Instruction, us: number, peak: MachinePeak) {
  const common = { id, kind, kernel, costKey, gflops: flops / us / 1e3, gbs: bytes / us / 1e3 };
  if (kernel === null) return { ...common, bound: null, percentOfPeak: null };
  const byFlops = flops / peak.gflops / 1e3;
  const byBytes = bytes / peak.copyGbs(bytes) / 1e3;
  const bound = byFlops > byBytes ? ("multiply-adds" as const) : ("copy" as const);
  return { ...common, bound, percentOfPeak: (100 * Math.max(byFlops, byBytes)) / us };
}

/** Waiting is what a barrier takes. */
function waiting(rows: readonly StepRow[]): StepBreakdown["waiting"][number] {
  const barriers = rows.filter(({ kind }) => kind === "barrier");
  const sum = (of: (row: StepRow) => number) => barriers.reduce((total, row) => total + of(row), 0);
  return { us: sum(({ us }) => us), share: sum(({ share }) => share) };
}

function widths({ step: { parameters } }: ProcessLayout): string {
  const matrices = parameters.map(({ shape }) => shape).filter(({ length }) => length === 2);
  return matrices.flatMap(([rows, columns], index) => (index === 0 ? [rows, columns] : [columns])).join("-");
}
