/** A model file that ends one process of the run in the midst of its work, as if all were done. */
import { linear } from "lockstep";

if (process.title === "lockstep process 1") setTimeout(() => process.exit(0), 700);

export default (x, classes) => linear(x, classes);
