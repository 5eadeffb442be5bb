/** What the sessions of all processes must have alike, or they would not leave the same bits. */
import { createHash } from "node:crypto";
import type { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";

/** By name: short words, or SHA-256 of what is long. */
export type Digest = Readonly<Record<string, string>>;

type Settings = Pick<SessionOptions, "seed" | "shuffle" | "numerics" | "allreduce" | "training" | "world">;

export function digestOf(
  session: Pick<Session, "forms" | "layout" | "compiled" | "tensors" | "dataSha256">,
  { seed, shuffle, numerics, allreduce, training, world }: Settings,
): Digest {
  const { layout, compiled } = session;
  const pieces = layout.transfers.map(({ sender, receivers, allreduce, pieces }) => [
    sender,
    receivers,
    allreduce,
    pieces.map(({ name, rowBytes, rows }) => [name, rowBytes, rows]),
  ]);
  return {
    node: process.version,
    kernels: compiled.digest,
    fma: String(compiled.fma),
    model: layout.modelSha256,
    data: session.dataSha256(),
    "test data": session.dataSha256("test"),
    settings: JSON.stringify({ seed, shuffle, numerics, allreduce, ...training }),
    ranks: world.ranks.join(","),
    forms: session.forms.join(","),
    transfers: sha256(JSON.stringify(pieces)),
    weights: sha256(JSON.stringify(session.tensors.map(({ name, data }) => [name, sha256(data)]))),
  };
}

const sha256 = (data: string | Float32Array): string => createHash("sha256").update(data).digest("hex");
