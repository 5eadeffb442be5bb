import test from "ava";
import { gradientsLine } from "../../src/cli/gradients-line.ts";
import type { LayerChoice } from "../../src/plan/gradients.ts";
import type { SumForm } from "../../src/program/chunks.ts";

const measured = { latencyUs: 58.4, bytesPerUs: 2369, flopsPerUs: 1, sharesCores: true };
const line = (...forms: SumForm[]) =>
  gradientsLine({
    measured,
    choices: forms.map(
      (form, index): LayerChoice => ({
        ...{ parameters: [`linear${index + 1}.weight`], elements: 1, factorWidth: 1, sharedWidth: 1 },
        ...{ form, chunks: 1, estimatedUs: {} },
      }),
    ),
  });

test("how gradients come about is told in one line, layer by layer only where they differ", (t) => {
  const links = "(links take 58 µs and 2.37 GB/s)";
  t.is(line("exchange", "exchange"), `gradients by exchange of their factors ${links}`);
  t.is(line("sharded"), `gradients are made in shards ${links}`);
  t.is(line("ordered"), `gradients go round in order ${links}`);
  t.is(line("ring", "ring"), `gradients are added by ring ${links}`);
  t.is(line("exchange", "ordered"), `gradients: linear1 exchange, linear2 ordered ${links}`);
});
