/**
 * A pipeline's own programs on a virtual clock: what would be recorded if each instruction took the time that
 * it is said to take.
 */
import type { TraceDocument } from "../../src/profile/chrome-trace.ts";
import type { RecordedStep } from "../../src/profile/step-ring.ts";
import type { Instruction, Program } from "../../src/program/instruction.ts";
import type { PipelineJob } from "../../src/rank/job.ts";
import { stepEvents } from "../../src/rank/trace-events.ts";
import { documentOf } from "../profile/traces.ts";
import type { OneThread } from "../program/one-thread.ts";

/** µs that an instruction takes a rank, without what it waits. */
export type Duration = (instruction: Instruction, rank: number) => number;

interface Rank {
  readonly program: Program;
  readonly endsUs: number[];
  us: number;
}

/** One step, in which each rank begins at `fromUs`; when its instructions end, by rank. */
function playStep(
  programs: readonly Program[],
  { gates }: PipelineJob,
  fromUs: number,
  durationOf: Duration,
) {
  const ranks = programs.map((program): Rank => ({ program, endsUs: [], us: fromUs }));
  const passed = new Map<number, number[]>();
  const next = ({ program, endsUs }: Rank): Instruction | undefined => program.instructions[endsUs.length];
  const end = (rank: Rank, us: number) => {
    rank.us = us;
    rank.endsUs.push(us);
  };
  const isOpen = (gate: number) => passed.get(gate)?.length === gates[gate].gang.ranks;
  for (;;) {
    const free = ranks.find((rank) => {
      const instruction = next(rank);
      if (instruction === undefined || instruction.kind === "barrier") return false;
      return instruction.kind !== "hold" || isOpen(instruction.subject);
    });
    if (free) {
      const instruction = next(free) as Instruction;
      const { kind, subject } = instruction;
      const from = kind === "hold" ? Math.max(free.us, ...(passed.get(subject) ?? [])) : free.us;
      if (kind === "pass") passed.set(subject, [...(passed.get(subject) ?? []), free.us]);
      end(free, from + durationOf(instruction, free.program.rank));
      continue;
    }
    if (ranks.every((rank) => next(rank) === undefined)) return ranks.map(({ endsUs }) => endsUs);
    if (!ranks.every((rank) => next(rank)?.kind === "barrier")) throw new Error("the pipeline is stuck");
    const together = Math.max(...ranks.map(({ us }) => us));
    for (const rank of ranks) end(rank, together + durationOf(next(rank) as Instruction, rank.program.rank));
  }
}

/** The traces of so many steps of its ranks. */
export function playTraces(job: OneThread, steps: number, durationOf: Duration): TraceDocument[] {
  const { layout, world, batch } = job;
  const programs = layout.train as readonly Program[];
  const recorded: RecordedStep[][] = programs.map(() => []);
  let begunUs = 0;
  for (let number = 1; number <= steps; number++) {
    const ends = playStep(programs, layout.pipeline as PipelineJob, begunUs, durationOf);
    for (const [rank, endsUs] of ends.entries()) recorded[rank].push({ number, begunUs, endsUs });
    begunUs = Math.max(...ends.map((endsUs) => endsUs.at(-1) ?? begunUs));
  }
  return recorded.map((own, rank) =>
    documentOf(
      { rank, ranks: programs.length },
      stepEvents({ layout, world, batch }, rank, { steps: () => own }),
    ),
  );
}
