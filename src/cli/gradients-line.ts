/** How processes come to the gradients, and what it was chosen by, in one line. */
import type { GradientPlan, LayerChoice } from "../plan/gradients.ts";

/** "gradients by exchange", or layer by layer where they differ. */
export function gradientsLine({ measured, choices }: GradientPlan): string {
  const forms = choices.map(({ form }) => form);
  const isOne = forms.every((form) => form === forms[0]);
  const what = isOne
    ? `by ${forms[0]}`
    : choices.map((choice) => `${nameOf(choice)} by ${choice.form}`).join(", ");
  const latency = `${measured.latencyUs.toFixed(0)} µs`;
  return `gradients ${what} (links take ${latency} and ${(measured.bytesPerUs / 1000).toFixed(2)} GB/s)`;
}

/** "linear2" for linear2.weight and linear2.bias. */
const nameOf = ({ parameters }: LayerChoice): string => parameters[0].replace(/\.[^.]*$/, "");
