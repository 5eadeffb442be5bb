/** What the sessions of all processes must have alike, or they would not leave the same bits. */
import { createHash } from "node:crypto";
import { formatLayout } from "../base/config.ts";
import type { Transfer } from "../program/transfers.ts";
import type { Session } from "./session.ts";
import { layoutOf, type SessionOptions } from "./session-options.ts";

/** By name: short words, or SHA-256 of what is long. */
export type Digest = Readonly<Record<string, string>>;

type Settings = Pick<
  SessionOptions,
  "seed" | "shuffle" | "numerics" | "allreduce" | "training" | "world" | "layout" | "pipeline"
>;

export function digestOf(
  session: Pick<Session, "forms" | "layout" | "compiled" | "tensors" | "dataSha256">,
  options: Settings,
): Digest {
  const { layout, compiled } = session;
  const { seed, shuffle, numerics, allreduce, training, world, pipeline } = options;
  // Who orders the micro-batches of one stage otherwise still hands over the same.
  const stages = pipeline && pipeline.gangs > 1 ? pipeline : null;
  return {
    node: process.version,
    kernels: compiled.digest,
    fma: String(compiled.fma),
    model: layout.modelSha256,
    data: session.dataSha256(),
    "test data": session.dataSha256("test"),
    settings: JSON.stringify({ seed, shuffle, numerics, allreduce, ...training }),
    ranks: world.ranks.join(","),
    layout: formatLayout(layoutOf(options)),
    schedule: stages?.schedule ?? "none",
    "micro-batches": String(pipeline?.microBatches ?? 1),
    forms: session.forms.join(","),
    transfers: sha256(JSON.stringify(layout.transfers.map(wordsOf))),
    weights: sha256(JSON.stringify(session.tensors.map(({ name, data }) => [name, sha256(data)]))),
  };
}

/** All of a transfer but addresses, which are each process's own. */
const wordsOf = ({ sender, receivers, phase, parts, next, allreduce, pieces }: Transfer) => [
  ...[sender, receivers, phase, parts, next, allreduce],
  pieces.map(({ name, rowBytes, rows, columns }) => [name, rowBytes, rows, columns]),
];

const sha256 = (data: string | Float32Array): string => createHash("sha256").update(data).digest("hex");
