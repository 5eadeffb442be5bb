/** Reads a safetensors file of f32 tensors, trusting nothing in it. */
import { readFully, withFile } from "../base/whole-read.ts";
import { broken, CHECKSUM_KEY, checksumOf, type Header, LONGEST_HEADER_BYTES, MARK_KEY } from "./header.ts";
import { parseHeader } from "./parse.ts";
import { bytesOf, type NamedTensor } from "./tensor.ts";

export interface Safetensors {
  /** By name, in file order. */
  readonly tensors: Map<string, NamedTensor>;
  /** A null-prototype object, without Lockstep's own mark and checksum. */
  readonly metadata: Record<string, string>;
}

/**
 * Reads all tensors of `path`, each straight into its own Float32Array. Checks every rule of the format before it
 * allocates, and Lockstep's checksum where the file has one. Throws an InputError that names the file and the tensor.
 */
export function readSafetensors(path: string): Safetensors {
  return withFile(path, (descriptor, sizeBytes) => {
    const { header, dataStart } = readHeader(descriptor, sizeBytes, path);
    const { [CHECKSUM_KEY]: expected, [MARK_KEY]: mark, ...metadata } = header.metadata;
    const checksum = expected === undefined && mark === undefined ? null : checksumOf(header);
    const tensors = new Map<string, NamedTensor>();
    for (const { name, shape, start, end } of header.entries) {
      const data = new Float32Array((end - start) / 4);
      readOrRefuse(descriptor, bytesOf(data), dataStart + start, path);
      checksum?.update(bytesOf(data));
      tensors.set(name, { name, shape, data });
    }
    if (checksum !== null && checksum.digest("hex") !== expected) {
      throw broken(path, "its checksum does not match: it was damaged or changed after Lockstep wrote it");
    }
    return { tensors, metadata: Object.assign(Object.create(null), metadata) };
  });
}

function readHeader(
  descriptor: number,
  sizeBytes: number,
  path: string,
): { header: Header; dataStart: number } {
  if (sizeBytes < 8) {
    throw broken(path, `it is ${sizeBytes} bytes long, shorter than the length of its header`);
  }
  const prefix = Buffer.alloc(8);
  readOrRefuse(descriptor, prefix, 0, path);
  const length = prefix.readBigUInt64LE(0);
  if (length > LONGEST_HEADER_BYTES) {
    throw broken(path, `its header would be ${length} bytes, the format allows ${LONGEST_HEADER_BYTES}`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > sizeBytes) {
    throw broken(path, `it is cut off: ${sizeBytes} bytes, its header ends at ${dataStart}`);
  }
  const bytes = new Uint8Array(Number(length));
  readOrRefuse(descriptor, bytes, 8, path);
  return { header: parseHeader(bytes, sizeBytes - dataStart, path), dataStart };
}

function readOrRefuse(descriptor: number, into: Uint8Array, position: number, path: string): void {
  if (!readFully(descriptor, into, position)) throw broken(path, "it became shorter while it was read");
}
