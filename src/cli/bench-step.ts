/** `lockstep bench step`: where the time of one training step goes, instruction by instruction, against the machine's peak. */
import { formatLayout, type Settings } from "../base/config.ts";
import { readConfigFile } from "../base/config-file.ts";
import { InputError } from "../base/errors.ts";
import { checkLayer } from "../base/layer.ts";
import { type Resolved, resolveSettings } from "../base/resolve.ts";
import { benchStep } from "../bench/step-bench.ts";
import { openDataset } from "../data/catalogue.ts";
import { checkFit } from "../job/fit.ts";
import { openModel } from "../job/open-model.ts";
import { divertConsole } from "./console.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { stepLines } from "./step-table.ts";

/** Returns the exit code. Throws what is wrong with the input before a rank is started. */
export async function benchStepCommand(
  config: string | undefined,
  given: Given,
  { output, argv, cores }: Context,
): Promise<number> {
  const flags = checkLayer(flagLayer(given, argv));
  const layers = config === undefined ? [flags] : [checkLayer(await readConfigFile(config)), flags];
  const { json = false, quiet = false, verbose = false } = flags.values;
  Object.assign(output, { json, quiet, verbose });
  if (json) divertConsole();
  const settings = withoutStages(resolveSettings(layers, cores), output);
  const data = openDataset(settings.dataset);
  const model = await openModel(settings);
  checkFit(settings, data);
  const { ranks, fma, seed, shuffle, optimizer, batch, clipNorm, lr, weightDecay } = settings;
  const forget = leaveOnInterrupt(output);
  try {
    const breakdown = await benchStep(
      {
        ...{ model, data, ranks, fma, seed, shuffle, cores, timeoutMs: 1000 * settings.collectiveTimeout },
        training: { optimizer, batch, clipNorm, learningRate: lr, weightDecay },
      },
      (share) => output.live(`measuring  ${Math.round(100 * share)} %`),
    );
    output.live("");
    const { rows, ...summary } = breakdown;
    for (const line of stepLines(breakdown, output.room)) output.result(line);
    for (const row of rows) output.object(row);
    output.object({ status: "ok", ...summary });
    return 0;
  } finally {
    output.live("");
    forget();
  }
}

/** A layout of stages is refused as a flag, which is meant for this measurement; a file may be a run's. */
function withoutStages({ settings, origins }: Resolved, output: Output): Settings {
  const { layout, ranks } = settings;
  if (layout.pp === 1) return settings;
  if (origins.layout === "flag")
    throw new InputError(
      "no-stages",
      `bench step measures a step without stages, and --layout is ${formatLayout(layout)}`,
      `use --layout dp=${ranks}, or see where stages' time goes by \`lockstep train --trace\` and \`lockstep trace\``,
    );
  output.say(`the step is measured without its ${layout.pp} stages, on as many ranks`);
  return { ...settings, layout: { dp: ranks, tp: 1, pp: 1 } };
}
