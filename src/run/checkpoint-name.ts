/** Checkpoints are named by their step, so that names sort as steps do: step-00001875.safetensors. */

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, "0")}.safetensors`;
}

/** The step of a checkpoint's file name, or null if it is not one. */
export function checkpointStep(name: string): number | null {
  const [, digits] = /^step-(\d{8,15})\.safetensors$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}
