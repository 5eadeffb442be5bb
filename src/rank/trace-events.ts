/** From what a rank has recorded of its steps to the events of a trace. */
import { spanUs, type TraceEvent } from "../profile/chrome-trace.ts";
import type { StepRing } from "../profile/step-ring.ts";
import type { Instruction } from "../program/instruction.ts";
import { pieceBytes } from "../program/piece-places.ts";
import { namesOf as namesOfTransfer, type Transfer } from "../program/transfers.ts";
import { type World, worldRank } from "../program/world.ts";
import { namesOf } from "./instruction-names.ts";
import type { PipelineJob } from "./job.ts";
import type { ProcessLayout } from "./layout.ts";
import { actionsOf, gateWords } from "./trace-actions.ts";

/** What of a process the events tell. */
export interface Traced {
  readonly layout: ProcessLayout;
  readonly world: World;
  /** Samples of a full step. */
  readonly batch: number;
}

type Arguments = Readonly<Record<string, unknown>>;

const MEETINGS = ["enter", "start", "wait", "drain"];
const GATES = ["pass", "hold"];

/**
 * What the time of an instruction is spent on: arithmetic by its part of the step, `data` (gathering samples), `barrier`, or
 * `gate` (where the stages of a pipeline wait for each other), or `transfer` (all that ranks and links say to each other).
 */
function categoryOf({ kind, kernel }: Instruction): string {
  if (kernel?.startsWith("gather")) return "data";
  if (GATES.includes(kind)) return "gate";
  return MEETINGS.includes(kind) ? "transfer" : kind;
}

/**
 * Of every step an event around those of its instructions; in a pipeline one around those of each action, too. ts are µs of the
 * host's monotonic clock.
 */
export function stepEvents(traced: Traced, rank: number, ring: Pick<StepRing, "steps">): TraceEvent[] {
  const { layout, world } = traced;
  const program = layout.train?.[rank];
  if (program === undefined) return [];
  const names = namesOf(program, layout);
  const templates = program.instructions.map((instruction, index) => ({
    name: nameOf(traced, instruction),
    cat: categoryOf(instruction),
    args: argumentsOf(traced, instruction, names[index]),
  }));
  const place = { pid: world.self, tid: worldRank(world, rank) };
  const actions = layout.pipeline === null ? null : actionsOf(program);
  return ring.steps().flatMap(({ number, begunUs, endsUs }) => {
    const whole = { step: number, complete: endsUs.length === templates.length };
    const instructions = endsUs.flatMap((endUs, index): TraceEvent[] => {
      const { name, cat, args } = templates[index];
      const begun = index === 0 ? begunUs : endsUs[index - 1];
      const own = {
        ph: "X",
        name,
        cat,
        ...spanUs(begun, endUs),
        ...place,
        args: { step: number, ...args },
      } as const;
      const action = actions?.get(index);
      if (action === undefined || action.last >= endsUs.length) return [own];
      const around = { name: action.name, cat: "action", ...spanUs(begun, endsUs[action.last]) };
      const { stage, "micro-batch": microBatch } = args;
      return [
        { ph: "X", ...around, ...place, args: { step: number, stage, "micro-batch": microBatch } },
        own,
      ];
    });
    const end = endsUs.at(-1) ?? begunUs;
    const step: TraceEvent = {
      ...{ ph: "X", name: `ProfilerStep#${number}`, cat: "step" },
      ...{ ...spanUs(begunUs, end), ...place, args: whole },
    };
    return [step, ...instructions];
  });
}

/** A gate is called by what it lets through. */
function nameOf({ layout }: Traced, { kind, kernel, subject }: Instruction): string {
  if (kernel !== null) return kernel;
  return GATES.includes(kind)
    ? `${kind} ${gateWords((layout.pipeline as PipelineJob).gates[subject])}`
    : kind;
}

function argumentsOf(traced: Traced, instruction: Instruction, of: string | null): Arguments {
  const { id, kind, kernel, subject, costKey, flops, bytes, stage, microBatch } = instruction;
  const common = { id, stage, "micro-batch": microBatch };
  if (kernel !== null) {
    const shape = costKey.slice(costKey.indexOf(" ") + 1);
    return { ...common, kind, shape, flops, bytes, ...(of !== null && { of }) };
  }
  if (kind === "barrier") return common;
  if (GATES.includes(kind)) return { ...common, kind, ...gateArguments(traced, subject) };
  if (kind === "enter") return { ...common, phase: subject };
  return { ...common, ...transferArguments(traced, traced.layout.transfers[subject]) };
}

/** Which rows the gate stands before. */
function gateArguments({ layout }: Traced, gate: number): Arguments {
  const { passage, stage, microBatch } = (layout.pipeline as PipelineJob).gates[gate];
  return { gate: passage, stage, "micro-batch": microBatch };
}

/** What an event tells of a transfer. */
export function transferArguments({ world, batch }: Traced, transfer: Transfer): Arguments {
  const { id, phase, sender, receivers, pieces, allreduce } = transfer;
  const bytes = pieces.reduce((sum, piece) => sum + pieceBytes(piece, world, Math.max(0, sender), batch), 0);
  const who = allreduce === null ? { sender, receivers } : { allreduce };
  return { transfer: id, of: namesOfTransfer(transfer), phase, ...who, bytes };
}
