/** The fingerprint of half a data set, by which a resumed run knows its data again, and processes that theirs are the same. */
import { createHash } from "node:crypto";

/** Of so many images one is hashed: all of MNIST's take 41 ms, a sixteenth 6; every label is hashed. */
const IMAGE_INTERVAL = 16;

/** SHA-256, in hex, over the count, the width, all labels, and images 0, 16, 32, … of `width` bytes each. */
export function dataSha256(images: Uint8Array, labels: Uint8Array, width: number): string {
  const hash = createHash("sha256").update(`${labels.length} × ${width}\n`, "utf8").update(labels);
  for (let image = 0; image < labels.length; image += IMAGE_INTERVAL)
    hash.update(images.subarray(image * width, (image + 1) * width));
  return hash.digest("hex");
}
