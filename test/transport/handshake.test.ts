/** The handshake: who does not know the key, or differs, gets no further. */
import { readFileSync } from "node:fs";
import test from "ava";
import * as fc from "fast-check";
import { Dialer, Listener, NONCE_BYTES } from "../../src/transport/handshake.ts";
import { LinkError } from "../../src/transport/link-error.ts";
import { directionKey, makeSeal } from "../../src/transport/seal.ts";

const KEY = Buffer.alloc(32, 1);
const NAME = { run: 7n, dialer: 1, listener: 0 };
const DIGEST = { node: "v26", seed: "1" };
const nonce = (byte: number) => Buffer.alloc(NONCE_BYTES, byte);
const dialer = (key = KEY, digest: Record<string, string> = DIGEST) =>
  new Dialer(key, NAME, digest, nonce(2));
const listener = (key = KEY, digest: Record<string, string> = DIGEST) =>
  new Listener(key, NAME, digest, nonce(3));

test("two ends with one key and one digest make the same nonces", (t) => {
  const [one, other] = [dialer(), listener()];
  const { proof, nonces, difference } = one.answer(other.challenge(one.hello));
  t.is(difference, null);
  t.deepEqual(other.accept(proof).nonces, nonces);
  t.deepEqual(nonces, Buffer.concat([nonce(2), nonce(3)]));
});

test("the messages are those of the first version", (t) => {
  const [one, other] = [dialer(), listener()];
  const challenge = other.challenge(one.hello);
  const { proof } = one.answer(challenge);
  const vectors = JSON.parse(readFileSync("test/fixtures/handshake.json", "utf8"));
  const hex = (message: Buffer) => message.toString("hex");
  t.deepEqual({ hello: hex(one.hello), challenge: hex(challenge), proof: hex(proof) }, vectors);
});

test("one changed byte of any message ends the handshake", (t) => {
  const messages = (change: (index: number, message: Buffer) => Buffer) => {
    const [one, other] = [dialer(), listener()];
    const { proof } = one.answer(change(1, other.challenge(change(0, one.hello))));
    other.accept(change(2, proof));
  };
  const drawn = fc.record({ message: fc.nat(2), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) });
  t.notThrows(() => messages((_, message) => message));
  fc.assert(
    fc.property(drawn, ({ message, at, by }) => {
      const flip = (index: number, bytes: Buffer) => {
        const copy = Buffer.from(bytes);
        if (index === message) copy[at % copy.length] ^= by;
        return copy;
      };
      t.throws(() => messages(flip), { instanceOf: LinkError });
    }),
  );
});

test("a wrong key, and what one end said itself, are refused", (t) => {
  const stranger = Buffer.alloc(32, 9);
  const [one, other] = [dialer(stranger), listener()];
  t.throws(() => one.answer(other.challenge(one.hello)), { message: /does not know the run's key/ });
  const [known, patient] = [dialer(), listener()];
  const challenge = patient.challenge(known.hello);
  t.throws(() => patient.accept(challenge.subarray(-32)), { message: /does not know the run's key/ });
  t.throws(() => listener().accept(known.answer(challenge).proof), {
    message: /does not know the run's key/,
  });
});

test("a field that differs is named on both sides, and only to who knows the key", (t) => {
  const [one, other] = [dialer(KEY, { ...DIGEST, seed: "2" }), listener()];
  const { proof, difference } = one.answer(other.challenge(one.hello));
  t.is(difference?.message, "seed differs: 2 here, 1 there");
  t.throws(() => other.accept(proof), { message: "seed differs: 1 here, 2 there" });
});

test("a sealed frame with one byte changed is refused; encrypted, its payload cannot be read", (t) => {
  const frame = () =>
    Buffer.concat([Buffer.alloc(64, 5), Buffer.from("weights and gradients"), Buffer.alloc(16)]);
  for (const security of ["auth", "encrypt"] as const) {
    const seal = makeSeal(security, directionKey(KEY, nonce(4), "0 to 1"));
    const closed = frame();
    seal.close(closed, 12n);
    t.is(closed.includes("weights"), security === "auth");
    const whole = Buffer.from(closed);
    seal.open(whole, 12n);
    t.deepEqual(whole.subarray(0, -16), frame().subarray(0, -16));
    t.throws(() => seal.open(Buffer.from(closed), 13n), { code: "bad-seal" });
    for (let at = 0; at < closed.length; at++) {
      const changed = Buffer.from(closed);
      changed[at] ^= 1;
      t.throws(() => seal.open(changed, 12n), { code: "bad-seal" }, `byte ${at}`);
    }
  }
});
