/**
 * How two processes make sure of each other before anything else is said: three messages, both prove that
 * they know the run's key.
 *
 *     dialer    HELLO      nonce A, digest                          ─▶   listener
 *               ◀─         nonce B, digest, HMAC(listener's key, both)   CHALLENGE
 *               PROOF      HMAC(dialer's key, all of the above)     ─▶
 *
 * The two keys are derived with different labels, so that nothing that one side says can be said back to it. The digest has what
 * must be equal on both sides, by name: a difference refuses the link, and says which field it is.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { FrameError, LinkError } from "./link-error.ts";

export type Digest = Readonly<Record<string, string>>;

export const NONCE_BYTES = 32;
const MAC_BYTES = 32;

const keyOf = (runKey: Buffer, side: "dialer" | "listener"): Buffer =>
  Buffer.from(hkdfSync("sha256", runKey, Buffer.alloc(0), `lockstep 1 handshake ${side}`, 32));

const mac = (key: Buffer, ...parts: Buffer[]): Buffer => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(part.length);
    hmac.update(length).update(part);
  }
  return hmac.digest();
};

const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** What both sides sign besides: which link of which run it is. */
export interface LinkName {
  readonly run: bigint;
  readonly generation: number;
  readonly dialer: number;
  readonly listener: number;
}

const nameBytes = ({ run, generation, dialer, listener }: LinkName): Buffer =>
  Buffer.from(`${run} ${generation} ${dialer} ${listener}`);

/** Both nonces, the dialer's first: what the link's keys are made of. */
export interface Greeted {
  readonly nonces: Buffer;
}

export class Dialer {
  readonly hello: Buffer;
  readonly #nonce: Buffer;
  readonly #digest: Digest;
  readonly #runKey: Buffer;
  readonly #name: Buffer;

  constructor(runKey: Buffer, name: LinkName, digest: Digest, nonce: Buffer) {
    this.#runKey = runKey;
    this.#name = nameBytes(name);
    this.#digest = digest;
    this.#nonce = nonce;
    this.hello = Buffer.concat([nonce, Buffer.from(JSON.stringify(digest))]);
  }

  /**
   * The proof to send, and after that `difference` to throw if there is one: the listener, too, must see what differs. Throws a
   * FrameError for a listener that does not know the key.
   */
  answer(challenge: Buffer): Greeted & { proof: Buffer; difference: LinkError | null } {
    const body = challenge.subarray(0, -MAC_BYTES);
    if (
      challenge.length < NONCE_BYTES + MAC_BYTES ||
      !isSame(
        challenge.subarray(-MAC_BYTES),
        mac(keyOf(this.#runKey, "listener"), this.#name, this.hello, body),
      )
    )
      throw wrongKey();
    const proof = mac(keyOf(this.#runKey, "dialer"), this.#name, this.hello, challenge);
    const difference = differenceOf(this.#digest, parse(body.subarray(NONCE_BYTES)));
    return { proof, difference, nonces: Buffer.concat([this.#nonce, body.subarray(0, NONCE_BYTES)]) };
  }
}

export class Listener {
  readonly #nonce: Buffer;
  readonly #digest: Digest;
  readonly #runKey: Buffer;
  readonly #name: Buffer;
  #hello = Buffer.alloc(0);
  #challenge = Buffer.alloc(0);

  constructor(runKey: Buffer, name: LinkName, digest: Digest, nonce: Buffer) {
    this.#runKey = runKey;
    this.#name = nameBytes(name);
    this.#digest = digest;
    this.#nonce = nonce;
  }

  /** The challenge to send in answer to a hello. */
  challenge(hello: Buffer): Buffer {
    if (hello.length < NONCE_BYTES) throw wrongKey();
    this.#hello = Buffer.from(hello);
    const body = Buffer.concat([this.#nonce, Buffer.from(JSON.stringify(this.#digest))]);
    this.#challenge = Buffer.concat([
      body,
      mac(keyOf(this.#runKey, "listener"), this.#name, this.#hello, body),
    ]);
    return this.#challenge;
  }

  /** The dialer is known now; `difference` is to be thrown if there is one. Throws a FrameError for who does not know the key. */
  accept(proof: Buffer): Greeted & { difference: LinkError | null } {
    const expected = mac(keyOf(this.#runKey, "dialer"), this.#name, this.#hello, this.#challenge);
    if (this.#challenge.length === 0 || !isSame(proof, expected)) throw wrongKey();
    const difference = differenceOf(this.#digest, parse(this.#hello.subarray(NONCE_BYTES)));
    return { difference, nonces: Buffer.concat([this.#hello.subarray(0, NONCE_BYTES), this.#nonce]) };
  }
}

const wrongKey = (): FrameError => new FrameError("wrong-key", "a process does not know the run's key");

/** What someone who knows the key says of itself. */
function parse(text: Buffer): Map<string, string> {
  try {
    const value: unknown = JSON.parse(text.toString());
    if (typeof value === "object" && value !== null) {
      const fields = Object.entries(value);
      if (fields.every(([, field]) => typeof field === "string")) return new Map(fields);
    }
  } catch {
    // Said below: whoever knows the key and sends this is of another version.
  }
  throw new LinkError(
    "other-version",
    "a process greets in another way",
    "run one version of Lockstep everywhere",
  );
}

/** A LinkError that names the fields in which two digests differ, and both values; null if they are equal. */
export function differenceOf(own: Digest, other: ReadonlyMap<string, string>): LinkError | null {
  const mine = new Map(Object.entries(own));
  const names = [...new Set([...mine.keys(), ...other.keys()])];
  const differing = names.filter((name) => mine.get(name) !== other.get(name));
  if (differing.length === 0) return null;
  const words = differing.map(
    (name) => `${name} differs: ${mine.get(name) ?? "nothing"} here, ${other.get(name) ?? "nothing"} there`,
  );
  return new LinkError(
    "different-processes",
    words.join("; "),
    "use one version of Lockstep and Node, the same data and the same settings on all hosts",
  );
}
