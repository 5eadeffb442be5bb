/**
 * Cuts a model's layers into the stages of a pipeline, so that the stage that costs most costs as little as can be.
 *
 *     costs    4   1 ┆ 1   3   2 ┆ 5          three stages of 5, 6 and 5: no cut has a largest of less than 6
 *     layer    0   1 ┆ 2   3   4 ┆ 5          borders [0, 2, 5, 6]; [0, 3, 5, 6] is as good, and later
 *
 * The slowest stage sets the pace of a pipeline, and all others wait for it. Of the cuts with the least largest stage it is the
 * earliest: each border, from the first on, is as early as the rest allows. Early stages keep the most activations, so what is
 * free to choose should lie behind them.
 */
import { InputError } from "../base/errors.ts";

/**
 * The first layer of each stage, and behind them the number of layers: stage s has layers borders[s] … borders[s + 1] − 1, one at
 * least. `costs` are finite and not negative, flops for instance; sums of whole numbers below 2⁵³ are exact, and so is the cut.
 * InputError if there are more stages than layers.
 *
 * An exact dynamic programme, O(n² · stages): least[s][i] is the smallest largest stage of layers i … cut into s stages.
 */
export function cutIntoStages(costs: readonly number[], stages: number): number[] {
  const count = costs.length;
  checkStages(costs, stages);
  const until = [0];
  for (const [layer, cost] of costs.entries()) until.push(until[layer] + cost);
  const costOf = (begin: number, end: number) => until[end] - until[begin];

  // Row s − 1 for s stages. A place that leaves a stage without a layer stays infinite.
  const least = [Array.from({ length: count + 1 }, (_, begin) => costOf(begin, count))];
  least[0][count] = Number.POSITIVE_INFINITY;
  for (let more = 1; more < stages; more++) {
    const row = Array.from({ length: count + 1 }, () => Number.POSITIVE_INFINITY);
    for (let begin = 0; begin < count; begin++)
      for (let end = begin + 1; end < count; end++)
        row[begin] = Math.min(row[begin], Math.max(costOf(begin, end), least[more - 1][end]));
    least.push(row);
  }

  const largest = least[stages - 1][0];
  const borders = [0];
  for (let left = stages - 1; left > 0; left--) {
    const begin = borders[borders.length - 1];
    let end = begin + 1;
    while (costOf(begin, end) > largest || least[left - 1][end] > largest) end++;
    borders.push(end);
  }
  return [...borders, count];
}

function checkStages(costs: readonly number[], stages: number): void {
  if (!Number.isInteger(stages) || stages < 1)
    throw new InputError("bad-stages", `a pipeline cannot have ${stages} stages`, "give at least 1");
  if (stages > costs.length)
    throw new InputError(
      "too-many-stages",
      `a pipeline of ${stages} stages needs ${stages} layers, and the model has ${costs.length}`,
      `use at most ${costs.length} stages, or a model of more layers`,
    );
  const wrong = costs.findIndex((cost) => !(cost >= 0 && cost < Number.POSITIVE_INFINITY));
  if (wrong >= 0)
    throw new InputError(
      "bad-cost",
      `layer ${wrong} cannot cost ${costs[wrong]}`,
      "give a number of at least 0",
    );
}
