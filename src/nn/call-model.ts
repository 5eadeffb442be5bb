/** Calls a model function, which is the user's own code: what goes wrong in it is told as theirs. */
import { InputError, LockstepError } from "../base/errors.ts";
import { describeThrown } from "../base/user-frame.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "./models.ts";

/**
 * The logits, [batch, classes], of the graph that x [batch, width] belongs to. Throws an InputError, which says what the
 * model function threw and where; `file` is the model's, where it has one.
 */
export function callModel(model: Model, x: Tensor, classes: number, file?: string): Tensor {
  const prefix = file === undefined ? "" : `${file}: `;
  if (typeof model !== "function")
    throw new InputError(
      "bad-model",
      `${prefix}the model is ${model === null ? "null" : typeof model}, not a function`,
      "give a function such as (x, classes) => linear(relu(linear(x, 128)), classes)",
    );
  const logits: unknown = called(model, x, classes, prefix);
  if (typeof (logits as { then?: unknown } | null)?.then === "function") {
    (logits as { catch?: (heard: () => void) => void }).catch?.(() => {}); // told here, not as an unhandled rejection
    throw new InputError(
      "bad-model",
      `${prefix}the model function returned a promise`,
      "write it without `async`; load what it needs before, at the top of the file",
    );
  }
  return checked(logits as Tensor | undefined, x, classes, prefix);
}

function called(model: Model, x: Tensor, classes: number, prefix: string): unknown {
  try {
    return model(x, classes);
  } catch (thrown) {
    if (thrown instanceof LockstepError) throw thrown;
    throw new InputError(
      "model-threw",
      `${prefix}the model function threw ${describeThrown(thrown)}`,
      "mend the model: it is called with a tensor [batch, width] and the number of classes, and returns a tensor [batch, classes]",
      thrown,
    );
  }
}

function checked(logits: Tensor | null | undefined, x: Tensor, classes: number, prefix: string): Tensor {
  if (logits?.graph && logits.graph !== x.graph)
    throw new InputError(
      "foreign-tensor",
      `${prefix}the model returned a tensor of another model`,
      "use only what this call of the model function made",
    );
  if (!logits?.graph || logits.shape[1] !== classes)
    throw new InputError(
      "bad-model",
      `${prefix}the model returned ${logits?.shape ? `[${logits.shape}]` : "no tensor"}, the data set needs [batch,${classes}]`,
      `end the model with a layer of ${classes} units and return it`,
    );
  return logits;
}
