/** How processes come to the gradients, and what it was chosen by, in one line. */
import type { GradientPlan, LayerChoice } from "../plan/gradients.ts";
import type { SumForm } from "../program/chunks.ts";

/** "gradients go round in order", or layer by layer where they differ: "gradients: linear2 exchange, linear1 ordered". */
export function gradientsLine({ measured, choices }: GradientPlan): string {
  const forms = new Set(choices.map(({ form }) => form));
  const [form] = forms;
  const what =
    forms.size === 1
      ? wordsOf(form)
      : `gradients: ${choices.map((choice) => `${nameOf(choice)} ${choice.form}`).join(", ")}`;
  const latency = `${measured.latencyUs.toFixed(0)} µs`;
  return `${what} (links take ${latency} and ${(measured.bytesPerUs / 1000).toFixed(2)} GB/s)`;
}

function wordsOf(form: SumForm): string {
  if (form === "exchange") return "gradients by exchange of their factors";
  if (form === "sharded") return "gradients are made in shards";
  return form === "ordered" ? "gradients go round in order" : `gradients are added by ${form}`;
}

/** "linear2" for linear2.weight and linear2.bias. */
const nameOf = ({ parameters }: LayerChoice): string => parameters[0].replace(/\.[^.]*$/, "");
