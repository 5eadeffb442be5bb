/** Reads the header of a safetensors file, which may come from anywhere: every rule of the format is checked. */
import { InputError } from "../base/errors.ts";
import { broken, type Entry, type Header, shown } from "./header.ts";
import { duplicateKey } from "./json-keys.ts";
import { elementCount, nameProblem } from "./tensor.ts";

/** The header's object, a tensor's object, its shape. */
const DEEPEST = 3;
const OTHER_TYPES = "BOOL U8 I8 U16 I16 U32 I32 U64 I64 F8_E4M3 F8_E5M2 F16 BF16 F64".split(" ");

/**
 * Reads and checks a header. `dataBytes` is the length of the file after it; `path` is for the messages.
 * Throws an InputError that names the tensor unless it is F32 tensors which cover the data exactly.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): Header {
  const members = Object.entries(parseObject(bytes, path));
  const metadata: Record<string, string> = Object.create(null);
  const entries: Entry[] = [];
  for (const [name, value] of members) {
    if (name === "__metadata__") copyMetadata(metadata, value, path);
    else entries.push(parseEntry(name, value, dataBytes, path));
  }
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  checkCover(entries, dataBytes, path);
  return { entries, metadata };
}

function parseObject(bytes: Uint8Array, path: string): object {
  if (bytes[0] !== 0x7b) throw broken(path, "its header does not start with {");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    throw broken(path, "its header is not UTF-8", thrown);
  }
  const duplicate = duplicateKey(text, DEEPEST);
  if (duplicate !== null) throw broken(path, duplicate);
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? shown(thrown.message) : String(thrown);
    throw broken(path, `its header is not JSON: ${why}`, thrown);
  }
}

function copyMetadata(into: Record<string, string>, value: unknown, path: string): void {
  if (!isObject(value)) throw broken(path, "its __metadata__ is not an object");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw broken(path, `its __metadata__ has no text at ${shown(key)}`);
    into[key] = text;
  }
}

function parseEntry(name: string, value: unknown, dataBytes: number, path: string): Entry {
  const tensor = `its tensor ${shown(name)}`;
  const problem = nameProblem(name);
  if (problem !== null) throw broken(path, `the name of ${tensor} ${problem}`);
  if (!isObject(value)) throw broken(path, `${tensor} is not described by an object`);
  const fields = new Map(Object.entries(value));
  for (const key of fields.keys()) {
    if (!["dtype", "shape", "data_offsets"].includes(key)) {
      throw broken(path, `${tensor} has an unknown field ${shown(key)}`);
    }
  }
  checkType(fields.get("dtype"), tensor, path);
  const shape = fields.get("shape");
  if (!areCounts(shape)) throw broken(path, `${tensor} has no sound shape: ${shown(shape)}`);
  const offsets = fields.get("data_offsets");
  if (!areCounts(offsets) || offsets.length !== 2) {
    throw broken(path, `${tensor} has no sound offsets: ${shown(offsets)}`);
  }
  const [start, end] = offsets;
  if (start > end || end > dataBytes) {
    const where = `at bytes ${start} to ${end}, outside the file's ${dataBytes} bytes of data`;
    throw broken(path, `${tensor} lies ${where}`);
  }
  if (elementCount(shape) * 4 !== end - start) {
    throw broken(path, `${tensor} has shape ${shown(shape)}, which is not its ${end - start} bytes of f32`);
  }
  return { name, shape, start, end };
}

function checkType(type: unknown, tensor: string, path: string): void {
  if (type === "F32") return;
  if (typeof type === "string" && OTHER_TYPES.includes(type)) {
    const message = `${path}: ${tensor} is of type ${type}; only F32 is supported`;
    throw new InputError("checkpoint-type", message, "convert the tensors to 32-bit floats");
  }
  throw broken(path, `${tensor} has an unknown type ${shown(type)}`);
}

/** Entries ascending in start must follow each other without hole or overlap, and end where the file ends. */
function checkCover(entries: readonly Entry[], dataBytes: number, path: string): void {
  let reached = 0;
  for (const { name, start, end } of entries) {
    if (start !== reached) {
      const what = start < reached ? "overlaps the tensor before it" : "leaves a hole before it";
      throw broken(path, `its tensor ${shown(name)} ${what}: it starts at byte ${start}, not ${reached}`);
    }
    reached = end;
  }
  if (reached !== dataBytes) {
    throw broken(path, `its tensors end at byte ${reached} of ${dataBytes} bytes of data`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areCounts(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0 && !Object.is(one, -0))
  );
}
