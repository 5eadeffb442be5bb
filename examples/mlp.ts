import { linear, openDataset, relu, type Tensor, train } from "lockstep";

const data = openDataset("mnist");
const model = (x: Tensor, classes: number) => linear(relu(linear(x, 128)), classes);
const settings = { epochs: 2, batch: 64, lr: 0.5, seed: 1 };

const { epochs, weights, weightsSha256 } = await train({ model, data, settings });

console.log("accuracy", epochs.at(-1)?.testAccuracy);
for (const { name, shape, data } of weights) console.log(name, shape, data[0]);
console.log(weightsSha256);
