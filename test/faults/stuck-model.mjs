/** A model file that keeps the main thread of one process busy for ever in the midst of its work. */
import { linear } from "lockstep";

if (process.title === "lockstep process 1") {
  setTimeout(() => {
    for (;;);
  }, 4000);
}

export default (x, classes) => linear(x, classes);
