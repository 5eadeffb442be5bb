/** `lockstep train`: settings, data, model and folder first, then the run, then what it came to. */
import type { Placement, Settings } from "../base/config.ts";
import { formatConfig, readConfigFile } from "../base/config-file.ts";
import { type CheckedLayer, checkLayer } from "../base/layer.ts";
import { type Resolved, resolveSettings } from "../base/resolve.ts";
import { openDataset } from "../data/catalogue.ts";
import { batchCount } from "../data/shares.ts";
import { checkFit } from "../job/fit.ts";
import { openModel } from "../job/open-model.ts";
import type { Origin, TraceOptions } from "../job/options.ts";
import type { Host } from "../launch/hostfile.ts";
import { evaluationGraph } from "../nn/step.ts";
import { RunFolder } from "../run/folder.ts";
import { placeAt, placeBelow, runName } from "../run/place.ts";
import { divertConsole } from "./console.ts";
import type { Context } from "./context.ts";
import { flagLayer, type Given } from "./flags.ts";
import { holdInterrupts } from "./interrupt.ts";
import { placeJob } from "./placing.ts";
import { checkStepsLeft, openForResume, type Resumption, resumedSettings } from "./resume.ts";
import { runJob, type Trainer } from "./run-job.ts";

/** Returns the exit code. Throws what is wrong with the input before anything is written. */
export async function train(config: string | undefined, given: Given, context: Context): Promise<number> {
  const job = await resolveJob(config, given, context);
  const { resumption, runDir, trace } = job;
  const { resolved, hosts, processes } = placeJob(job.resolved);
  const { settings, placement } = resolved;
  const data = openDataset(settings.dataset);
  checkFit(settings, data, { self: 0, ranks: processes });
  const model = await openModel(settings);
  const checkpoint = resumption?.checkpoint;
  if (checkpoint) checkStepsLeft(resumption.name, checkpoint.state.step, data.train.count, settings);
  const stepsPerEpoch = batchCount(data.train.count, settings.batch);
  const text = formatConfig(settings, resolved.origins, placement);
  // A model function that throws, or never returns, does so before anything is on the disk.
  evaluationGraph(model, { width: data.width, classes: data.classes, count: data.test.count });
  if (hosts === null && resolved.origins.allreduce === "flag" && settings.allreduce !== "auto")
    context.output.say(
      `--allreduce ${settings.allreduce}: all ranks are in one process, so there are no processes that sum gradients`,
    );
  const release = holdInterrupts();
  try {
    const folder =
      checkpoint && runDir === undefined
        ? RunFolder.reopen(resumption.run.path, text, context.argv, checkpoint.state)
        : RunFolder.create(newPlace(resolved, runDir), text, context.argv);
    const options = {
      ...{ model, data, settings, origin: originOf(settings) },
      resume: checkpoint,
      checkpointFolder: folder.checkpoints,
      trace: trace && { ...trace, folder: folder.newTrace() },
    };
    const trainer = hosts === null ? undefined : launchOn(hosts, placement, folder, context);
    return await runJob(folder, options, stepsPerEpoch, context, trainer);
  } finally {
    release();
  }
}

/** A trainer whose ranks are in processes of their own, on `hosts`. */
function launchOn(
  hosts: readonly Host[],
  placement: Placement,
  folder: RunFolder,
  { output }: Context,
): Trainer {
  return async ({ settings, origin = {}, resume, checkpointFolder, trace, signal, observer }) => {
    const { launch } = await import("../launch/launch.ts");
    return launch({
      ...{ hosts, placement, settings, origin, checkpointFolder, trace, signal, observer },
      resume: resume?.path,
      output: (tag, line) => output.say(`[${tag}] ${line}`),
      flights: (process, bytes) => folder.flights(process, bytes),
    });
  };
}

/** What the model and the data set are made from; a model file decides its own layers. */
function originOf({ dataset, model, hidden, activation }: Settings): Origin {
  return model === "mlp" ? { dataset, model, hidden, activation } : { dataset, model };
}

interface ResolvedJob {
  readonly resolved: Resolved;
  readonly resumption: Resumption | null;
  readonly runDir: string | undefined;
  /** undefined: nothing is traced. */
  readonly trace: Pick<TraceOptions, "steps"> | undefined;
}

async function resolveJob(config: string | undefined, given: Given, context: Context): Promise<ResolvedJob> {
  const flags = checkLayer(flagLayer(given, context.argv));
  const layers: CheckedLayer[] =
    config === undefined ? [flags] : [checkLayer(await readConfigFile(config)), flags];
  const invocation: CheckedLayer["values"] = Object.assign({}, ...layers.map((layer) => layer.values));
  const { json = false, quiet = false, verbose = false, resume } = invocation;
  Object.assign(context.output, { json, quiet, verbose });
  if (json) divertConsole();
  const { trace: traces = false, "run-dir": runDir, "trace-steps": steps } = invocation;
  const trace = traces || steps ? { steps } : undefined;
  if (resume === undefined)
    return { resolved: resolveSettings(layers, context.cores), resumption: null, runDir, trace };
  const resumption = await openForResume(resume);
  return { resolved: resumedSettings(resumption, layers, context.cores), resumption, runDir, trace };
}

function newPlace({ settings }: Resolved, runDir: string | undefined): ReturnType<typeof placeAt> {
  if (runDir !== undefined) return placeAt(runDir);
  return placeBelow("runs", runName(settings.dataset, settings.model, new Date()));
}
