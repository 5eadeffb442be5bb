/** `lockstep bench step`: where the time of one training step goes, instruction by instruction, against the machine's peak. */
import { readConfigFile } from "../base/config-file.ts";
import { checkLayer } from "../base/layer.ts";
import { resolveSettings } from "../base/resolve.ts";
import { benchStep } from "../bench/step-bench.ts";
import { openDataset } from "../data/catalogue.ts";
import { checkFit } from "../job/fit.ts";
import { openModel } from "../job/open-model.ts";
import { divertConsole } from "./console.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import { leaveOnInterrupt } from "./interrupt.ts";
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
  const { settings } = resolveSettings(layers, cores);
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
