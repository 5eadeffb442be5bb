/** Writes a safetensors file (Hugging Face's format): readable by Python, whole or not at all, with a checksum. */
import { AtomicFile } from "../base/atomic-file.ts";
import { InputError } from "../base/errors.ts";
import { atOnce, type Sliced, slicesOf } from "../base/slices.ts";
import {
  CHECKSUM_KEY,
  checksumOf,
  type Entry,
  type Header,
  headerText,
  LONGEST_HEADER_BYTES,
  MARK_KEY,
} from "./header.ts";
import { bytesOf, elementCount, type NamedTensor, nameProblem, sortedByName } from "./tensor.ts";

/**
 * Writes `tensors` to `path`: beside it, synced, renamed. Data may be views on shared memory that nobody writes meanwhile.
 * Adds `format: "pt"` (which Python's tools look for), our mark and a checksum to the metadata. Throws an
 * EnvironmentError that says why the file could not be written (nothing is left behind), an InputError on a name that
 * the format cannot hold.
 */
export function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  metadata: Record<string, string>,
): void {
  atOnce(writingSafetensors(path, tensors, metadata));
}

/** The same in slices; nobody may write the tensors until it is done. */
export function* writingSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  metadata: Record<string, string>,
): Sliced<void> {
  const sorted = sortedByName(tensors);
  const header: Header = {
    entries: layOut(sorted),
    metadata: { format: "pt", ...metadata, [MARK_KEY]: "1" },
  };
  const checksum = checksumOf(header);
  for (const slice of slicesOfAll(sorted)) {
    checksum.update(slice);
    yield;
  }
  header.metadata[CHECKSUM_KEY] = checksum.digest("hex");
  const start = headerBytes(header);
  const file = new AtomicFile(path);
  try {
    file.write(start);
    for (const slice of slicesOfAll(sorted)) {
      file.write(slice);
      yield;
    }
    file.commit();
  } finally {
    file.abandon(); // which does nothing to a file that was committed
  }
}

function* slicesOfAll(tensors: readonly NamedTensor[]): Generator<Uint8Array> {
  for (const { data } of tensors) yield* slicesOf(bytesOf(data));
}

/** Puts the tensors one behind the other. */
function layOut(sorted: readonly NamedTensor[]): Entry[] {
  let end = 0;
  return sorted.map(({ name, shape, data }, i) => {
    const problem = i > 0 && sorted[i - 1].name === name ? "occurs twice" : nameProblem(name);
    if (problem !== null) {
      const message = `the parameter name ${JSON.stringify(name).slice(0, 80)} ${problem}`;
      throw new InputError("parameter-name", message, "rename the parameter in the model");
    }
    if (elementCount(shape) !== data.length) {
      throw new RangeError(`tensor ${name} of shape ${shape.join(" × ")} has ${data.length} elements`);
    }
    const start = end;
    end += data.byteLength;
    return { name, shape, start, end };
  });
}

/** The length as a u64, then the text, padded with spaces so that the data is 8-byte aligned. */
function headerBytes(header: Header): Uint8Array {
  const text = Buffer.from(headerText(header), "utf8");
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > LONGEST_HEADER_BYTES) {
    const message = `the checkpoint's header would be ${length} bytes, the format allows ${LONGEST_HEADER_BYTES}`;
    throw new InputError("checkpoint-too-large", message, "use fewer parameters or shorter names");
  }
  const bytes = Buffer.alloc(8 + length, " ");
  bytes.writeBigUInt64LE(BigInt(length), 0);
  text.copy(bytes, 8);
  return bytes;
}
