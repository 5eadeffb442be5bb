/** A model file that prints while it is loaded. */
import { linear } from "lockstep";

console.log("a model speaks");

export default (x, classes) => linear(x, classes);
