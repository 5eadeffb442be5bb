/** A value that each setting takes, for the fix of a wrong one. */
import type { ConfigKey } from "./config.ts";

const EXAMPLES: Partial<Record<ConfigKey, string>> = {
  dataset: "mnist",
  model: "mlp",
  hidden: "128,64",
  activation: "relu",
  batch: "64",
  "micro-batches": "8",
  schedule: "1f1b",
  epochs: "5",
  "max-steps": "1000",
  seed: "1",
  optimizer: "sgd",
  lr: "0.1",
  "weight-decay": "0.0001",
  "clip-norm": "1",
  ranks: "2",
  layout: "dp=2,tp=1,pp=2",
  hosts: "node1:4,node2:4",
  hostfile: "hosts",
  "ranks-per-process": "1",
  ssh: "ssh",
  "remote-dir": "/opt/lockstep",
  security: "auth",
  numerics: "exact",
  allreduce: "ordered",
  fma: "auto",
  "on-nonfinite": "stop",
  "collective-timeout": "60",
  "run-dir": "runs/mine",
  resume: "runs/latest",
  "trace-steps": "100:120",
};

/** "--batch 64" for a flag, "batch: 64" for what a file or a program sets; `name` is how its layer calls `key`. */
export function exampleOf(key: ConfigKey, name: string): string {
  const word = /[\w-]+$/.exec(name)?.[0] ?? key;
  return `${word}${word.startsWith("--") ? "" : ":"} ${EXAMPLES[key] ?? "true"}`;
}
