/** What each kernel came to in the traced steps, over all ranks: how long it took, and how near that is to the peak. */
import type { Timeline } from "./trace-timeline.ts";

export interface KernelTotal {
  readonly kernel: string;
  readonly calls: number;
  readonly us: number;
  /** Per cent of the time of all kernels. */
  readonly share: number;
  /** Of one core while it is at it. */
  readonly gflops: number;
  readonly gbs: number;
  /** Per cent of what a loop of nothing but multiply-adds reached on the same hosts. */
  readonly percentOfPeak: number;
}

/** The longest first. */
export function kernelTotals({ ranks }: Timeline): KernelTotal[] {
  const sums = new Map<string, { calls: number; us: number; flops: number; bytes: number; peak: number }>();
  let all = 0;
  for (const { header, instructions } of ranks)
    for (const { name, dur = 0, args } of instructions) {
      if (args?.shape === undefined) continue;
      const sum = sums.get(name) ?? { calls: 0, us: 0, flops: 0, bytes: 0, peak: 0 };
      sums.set(name, sum);
      sum.calls++;
      sum.us += dur;
      sum.flops += Number(args.flops);
      sum.bytes += Number(args.bytes);
      sum.peak += dur * header.peakGflops;
      all += dur;
    }
  const totals = [...sums].map(([kernel, { calls, us, flops, bytes, peak }]) => ({
    ...{ kernel, calls, us },
    share: all > 0 ? (100 * us) / all : 0,
    gflops: us > 0 ? flops / us / 1e3 : 0,
    gbs: us > 0 ? bytes / us / 1e3 : 0,
    percentOfPeak: peak > 0 ? (100 * flops) / 1e3 / peak : 0,
  }));
  return totals.sort((one, other) => other.us - one.us);
}
