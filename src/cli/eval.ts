/** `lockstep eval`: loss and accuracy of a run's newest checkpoint, or of one checkpoint, on the test half. */
import type { Settings } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { type CheckedLayer, checkLayer } from "../base/layer.ts";
import { resolveSettings } from "../base/resolve.ts";
import { type Checkpoint, readCheckpoint } from "../checkpoint/checkpoint.ts";
import { openDataset } from "../data/catalogue.ts";
import { evaluate } from "../evaluate.ts";
import { openModel } from "../job/open-model.ts";
import { openRun } from "../run/open.ts";
import { divertConsole } from "./console.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import { grouped } from "./progress.ts";
import { percent } from "./summary.ts";

/** Returns the exit code. */
export async function evalCommand(target: string, given: Given, context: Context): Promise<number> {
  const { output } = context;
  const flags = checkLayer(flagLayer(given, context.argv));
  const { json = false, quiet = false, verbose = false } = flags.values;
  Object.assign(output, { json, quiet, verbose });
  if (json) divertConsole();
  const run = await openRun(target);
  const checkpoint = readCheckpoint(run.checkpoint);
  const described = run.config ?? checkpointLayer(checkpoint);
  if (run.config === null) askForOrigin(checkpoint.path, described, flags);
  // The checkpoint's own FMA class decides, unless a flag asks for another.
  const { ranks: _, layout: __, fma: ___, ...values } = described.values;
  // Ranks are this machine's, not the run's: any number of them gives the same figures.
  const base: CheckedLayer = { origin: "run", values, name: (key) => `${target}: ${key}` };
  const { settings } = resolveSettings([base, flags], context.cores);
  const data = openDataset(settings.dataset);
  const model = await openModel(settings);
  output.detail(`evaluating ${run.checkpoint} on ${settings.dataset}`);
  const { loss, accuracy, samples } = await evaluate({ model, data, settings, checkpoint });
  output.result(`loss       ${loss}`);
  output.result(`accuracy   ${percent(accuracy)} of ${grouped(samples)} samples`);
  output.result(run.checkpoint);
  const { step } = checkpoint.state;
  output.object({
    status: "ok",
    checkpoint: run.checkpoint,
    step,
    dataset: settings.dataset,
    samples,
    loss,
    accuracy,
  });
  return 0;
}

/** A checkpoint outside of a run knows the settings that it was trained with, if the command line trained it. */
function checkpointLayer({ path, state }: Checkpoint): CheckedLayer {
  const { dataset, model, hidden, activation } = state.settings as Partial<Settings>;
  const known = Object.entries({ dataset, model, hidden, activation }).filter(
    ([, value]) => value !== undefined,
  );
  return checkLayer({
    origin: "run",
    values: Object.fromEntries(known),
    name: (key) => `${path}: ${key}`,
  });
}

/** Throws an InputError that names what neither the checkpoint nor the flags say; nothing is assumed. */
function askForOrigin(path: string, described: CheckedLayer, flags: CheckedLayer): void {
  const said = { ...described.values, ...flags.values };
  const wanted = said.model === undefined || said.model === "mlp" ? ["hidden", "activation"] : [];
  const missing = ["dataset", ...wanted].filter((key) => said[key as keyof typeof said] === undefined);
  if (missing.length === 0) return;
  const list = missing.map((key) => `--${key}`).join(", ");
  throw new InputError(
    "origin-unknown",
    `${path} was written by a program, and does not say what it was trained on`,
    wanted.length > 0 && said.model === undefined ? `give ${list}, or --model FILE` : `give ${list}`,
  );
}
