/**
 * Seals frames, so that one that was changed, repeated or sent by someone else is told apart.
 *
 *   auth     AES-256-GCM over nothing, header and payload as associated data (GMAC): nobody can change them, all can read
 *   encrypt  AES-256-GCM over the payload, the header as associated data
 *   off      crc32 of header and payload (every Node that Lockstep runs on has zlib's): against accidents, not against people
 *
 *   nonce    │ direction (u32) │ link sequence (u64) │   big endian; no sequence ever repeats under one key
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherGCM,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { crc32 } from "node:zlib";
import { CRC_OFFSET, HEADER_BYTES } from "./frame.ts";
import { FrameError } from "./link-error.ts";

export const SECURITIES = ["auth", "encrypt", "off"] as const;
export type Security = (typeof SECURITIES)[number];
export const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/** Dialer to listener, listener to dialer. */
export type Direction = 1 | 2;

/** One way of one link. `frame` is a whole frame: header, payload, trailer. */
export interface Seal {
  readonly trailerBytes: number;
  /** Fills in crc or tag, and encrypts the payload in place. */
  close(frame: Buffer, linkSequence: number): void;
  /** The payload, in place or decrypted elsewhere; FrameError unless it is the frame that was closed with that number. */
  open(frame: Buffer, linkSequence: number): Buffer;
}

/** The key of one way of one link: known to those who have the run's key and saw this handshake. */
export function directionKey(
  runKey: Uint8Array,
  nonces: Uint8Array,
  link: string,
  direction: Direction,
): Buffer {
  return Buffer.from(hkdfSync("sha256", runKey, nonces, `lockstep 1 frames ${link} ${direction}`, 32));
}

export function makeSeal(security: Security, key: Uint8Array, direction: Direction): Seal {
  if (security === "off") return new Checksum();
  return new Gcm(createSecretKey(key), direction, security === "encrypt");
}

function changed(): FrameError {
  return new FrameError("frame-forged", "a frame does not have its sender's seal: it was changed or forged");
}

class Gcm implements Seal {
  readonly trailerBytes = TAG_BYTES;
  readonly #key: KeyObject;
  readonly #nonce = Buffer.alloc(12);
  readonly #encrypts: boolean;

  constructor(key: KeyObject, direction: Direction, encrypts: boolean) {
    this.#key = key;
    this.#nonce.writeUInt32BE(direction, 0);
    this.#encrypts = encrypts;
  }

  #number(linkSequence: number): Buffer {
    this.#nonce.writeUInt32BE(Math.floor(linkSequence / 2 ** 32), 4);
    this.#nonce.writeUInt32BE(linkSequence % 2 ** 32, 8);
    return this.#nonce;
  }

  close(frame: Buffer, linkSequence: number): void {
    const end = frame.length - TAG_BYTES;
    const cipher = createCipheriv(CIPHER, this.#key, this.#number(linkSequence));
    cipher.setAAD(frame.subarray(0, this.#encrypts ? HEADER_BYTES : end));
    if (this.#encrypts) cipher.update(frame.subarray(HEADER_BYTES, end)).copy(frame, HEADER_BYTES);
    cipher.final();
    cipher.getAuthTag().copy(frame, end);
  }

  open(frame: Buffer, linkSequence: number): Buffer {
    const end = frame.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#key, this.#number(linkSequence), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(frame.subarray(end));
    decipher.setAAD(frame.subarray(0, this.#encrypts ? HEADER_BYTES : end));
    const payload = frame.subarray(HEADER_BYTES, end);
    const plain = this.#encrypts ? decipher.update(payload) : payload;
    checkTag(decipher);
    return plain;
  }
}

function checkTag(decipher: DecipherGCM): void {
  try {
    decipher.final();
  } catch {
    throw changed();
  }
}

class Checksum implements Seal {
  readonly trailerBytes = 0;

  close(frame: Buffer): void {
    frame.writeUInt32LE(0, CRC_OFFSET);
    frame.writeUInt32LE(crc32(frame), CRC_OFFSET);
  }

  open(frame: Buffer): Buffer {
    const told = frame.readUInt32LE(CRC_OFFSET);
    frame.writeUInt32LE(0, CRC_OFFSET);
    const found = crc32(frame);
    frame.writeUInt32LE(told, CRC_OFFSET);
    if (found === told) return frame.subarray(HEADER_BYTES);
    throw new FrameError("frame-changed", "a frame's checksum is wrong: it was changed on its way");
  }
}
