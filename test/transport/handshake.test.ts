/** The handshake: who does not know the key, or differs, gets no further. */
import { readFileSync } from "node:fs";
import test from "ava";
import * as fc from "fast-check";
import { Dialer, Listener, NONCE_BYTES } from "../../src/transport/handshake.ts";
import { FrameError, LinkError } from "../../src/transport/link-error.ts";
import { directionKey, makeSeal, SECURITIES, type Security } from "../../src/transport/seal.ts";

const KEY = Buffer.alloc(32, 1);
const NAME = { run: 7n, generation: 0, dialer: 1, listener: 0 };
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
  const nonces = Buffer.concat([nonce(2), nonce(3)]);
  const told = {
    ...{ runKey: hex(KEY), run: "7", generation: 0, dialer: 1, listener: 0, digest: DIGEST },
    ...{ hello: hex(one.hello), challenge: hex(challenge), proof: hex(proof) },
    keyToListener: hex(directionKey(KEY, nonces, "7 0 1 0", 1)),
    keyToDialer: hex(directionKey(KEY, nonces, "7 0 1 0", 2)),
  };
  t.deepEqual(told, vectors);
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
  t.is(other.accept(proof).difference?.message, "seed differs: 1 here, 2 there");
});

test("every field that differs is named, also one that only one side has", (t) => {
  const [one, other] = [dialer(KEY, { seed: "2", kernels: "a" }), listener()];
  const { difference } = one.answer(other.challenge(one.hello));
  t.is(
    difference?.message,
    "seed differs: 2 here, 1 there; kernels differs: a here, nothing there; node differs: nothing here, v26 there",
  );
});

test("a name like a prototype's is a name like any other", (t) => {
  const digest = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
  const [one, other] = [dialer(KEY, digest), listener(KEY, digest)];
  t.is(one.answer(other.challenge(one.hello)).difference, null);
  const [odd, patient] = [dialer(KEY, digest), listener(KEY, {})];
  t.regex(
    String(odd.answer(patient.challenge(odd.hello)).difference?.message),
    /__proto__ differs: x here, nothing there/,
  );
});

test("another run, generation or pair of processes is refused, though the key is the same", (t) => {
  for (const other of [
    { ...NAME, run: 8n },
    { ...NAME, generation: 1 },
    { ...NAME, dialer: 2 },
    { ...NAME, listener: 2 },
  ]) {
    const one = dialer();
    const challenge = new Listener(KEY, other, DIGEST, nonce(3)).challenge(one.hello);
    t.throws(() => one.answer(challenge), { instanceOf: FrameError, code: "wrong-key" });
  }
});

const LINK = "7 0 1 0";
const seals = (security: Security, seed = 4, direction: 1 | 2 = 1) =>
  makeSeal(security, directionKey(KEY, nonce(seed), LINK, direction), direction);

function sealed(security: Security, number: number): Buffer {
  const seal = seals(security);
  const parts = [Buffer.alloc(64, 5), Buffer.from("weights and gradients"), Buffer.alloc(seal.trailerBytes)];
  const frame = Buffer.concat(parts);
  seal.close(frame, number);
  return frame;
}

for (const security of SECURITIES)
  test(`with ${security} a frame with one bit changed is refused`, (t) => {
    const frame = sealed(security, 12);
    t.is(frame.includes("weights"), security !== "encrypt");
    t.is(seals(security).open(Buffer.from(frame), 12).toString(), "weights and gradients");
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = Buffer.from(frame);
      changed[bit >> 3] ^= 1 << (bit & 7);
      t.throws(() => seals(security).open(changed, 12), { instanceOf: FrameError }, `bit ${bit}`);
    }
  });

for (const security of ["auth", "encrypt"] as const)
  test(`with ${security} a frame of another number, direction or session is refused`, (t) => {
    const frame = sealed(security, 12);
    t.throws(() => seals(security).open(Buffer.from(frame), 13), { code: "frame-forged" });
    t.throws(() => seals(security).open(Buffer.from(frame), 12 + 2 ** 32), { code: "frame-forged" });
    t.throws(() => seals(security, 4, 2).open(Buffer.from(frame), 12), { code: "frame-forged" });
    t.throws(() => seals(security, 5).open(Buffer.from(frame), 12), { code: "frame-forged" });
  });
