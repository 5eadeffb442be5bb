/**
 * How frames are protected: `auth` signs them (GMAC: AES-256-GCM with the whole frame as additional data), `encrypt` also hides
 * the payload (AES-256-GCM), `off` does neither.
 *
 * A nonce is the direction and the frame's sequence number, which never repeats under one key: keys are a link's own, made of both
 * sides' random numbers.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { HEADER_BYTES } from "./frame.ts";
import { LinkError } from "./link-error.ts";

export const SECURITIES = ["auth", "encrypt", "off"] as const;
export type Security = (typeof SECURITIES)[number];

const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

/** One direction of a link. */
export interface Seal {
  readonly bytes: number;
  /** Protects a frame whose header and payload are written; its last `bytes` take the seal. */
  close(frame: Buffer, sequence: bigint): void;
  /** Throws a LinkError where the frame is not as it was closed. Decrypts in place. */
  open(frame: Buffer, sequence: bigint): void;
}

const OPEN: Seal = { bytes: 0, close: () => {}, open: () => {} };

/** The key of one direction of a link, from the run's key and both sides' random numbers. */
export function directionKey(runKey: Buffer, nonces: Buffer, direction: string): Buffer {
  return Buffer.from(hkdfSync("sha256", runKey, nonces, `lockstep 1 frames ${direction}`, 32));
}

export function makeSeal(security: Security, key: Buffer): Seal {
  if (security === "off") return OPEN;
  const hides = security === "encrypt";
  const nonce = Buffer.alloc(12);
  const parts = (frame: Buffer) => {
    const end = frame.length - TAG_BYTES;
    const payload = frame.subarray(HEADER_BYTES, end);
    return {
      signed: hides ? frame.subarray(0, HEADER_BYTES) : frame.subarray(0, end),
      payload,
      tag: frame.subarray(end),
    };
  };
  return {
    bytes: TAG_BYTES,
    close(frame, sequence) {
      nonce.writeBigUInt64LE(sequence, 4);
      const { signed, payload, tag } = parts(frame);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(signed);
      if (hides) cipher.update(payload).copy(payload);
      cipher.final();
      cipher.getAuthTag().copy(tag);
    },
    open(frame, sequence) {
      nonce.writeBigUInt64LE(sequence, 4);
      const { signed, payload, tag } = parts(frame);
      const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(signed).setAuthTag(tag);
      if (hides) decipher.update(payload).copy(payload);
      try {
        decipher.final();
      } catch (thrown) {
        throw new LinkError(
          "bad-seal",
          "a frame is not what its sender sealed",
          "the network damages data, or somebody changes it",
          {},
          thrown,
        );
      }
    },
  };
}
