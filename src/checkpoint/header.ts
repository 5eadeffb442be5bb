/** The header of a safetensors file: what it says, its text, and the checksum that Lockstep adds to its metadata. */
import { createHash, type Hash } from "node:crypto";
import { InputError } from "../base/errors.ts";
import { sortedByName } from "./tensor.ts";

/** Where a tensor lies: `start` and `end` are byte offsets from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface Header {
  /** Ascending in `start`; together they cover the data without a hole. */
  readonly entries: readonly Entry[];
  /** A null-prototype object. */
  readonly metadata: Record<string, string>;
}

/** The longest header that the format allows. */
export const LONGEST_HEADER_BYTES = 100_000_000;
/** The key of our checksum in `__metadata__`: SHA-256 over the header without it, then the data. */
export const CHECKSUM_KEY = "lockstep.sha256";
/** The key of our mark, which says that there must be a checksum: one damaged byte cannot hide both. */
export const MARK_KEY = "lockstep.format";
const AGAIN = "get the file again, or use another checkpoint";

/** The JSON text of a header; entries and metadata keys in the order of their names. */
export function headerText(header: Header): string {
  const metadata = sortedByName(Object.entries(header.metadata).map(([name, value]) => ({ name, value })));
  const members = sortedByName(header.entries).map(({ name, shape, start, end }) => {
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: "F32", shape, data_offsets: [start, end] })}`;
  });
  const strings = metadata.map(({ name, value }) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${[`"__metadata__":{${strings.join(",")}}`, ...members].join(",")}}`;
}

/** A hash that has taken in the header (its checksum apart); the data in file order is yet to come. */
export function checksumOf(header: Header): Hash {
  const { [CHECKSUM_KEY]: _, ...metadata } = header.metadata;
  return createHash("sha256").update(headerText({ entries: header.entries, metadata }), "utf8");
}

/** A value of the file as a message may show it: short, and without control characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return short.replace(/\p{Cc}/gu, "?");
}

/** The error for a file that is not a sound checkpoint. */
export function broken(path: string, what: string, cause?: unknown): InputError {
  return new InputError("checkpoint-broken", `${path} is not a sound checkpoint: ${what}`, AGAIN, cause);
}
