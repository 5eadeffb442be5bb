import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import {
  ACTIVATIONS,
  CONFIG_KEYS,
  defaultPlacement,
  defaultSettings,
  INVOCATION_KEYS,
  OPTIMIZERS,
  PLACEMENT_KEYS,
  type Placement,
  SECURITY,
  type Settings,
} from "../../src/base/config.ts";
import { formatConfig, parseConfig, readConfigFile } from "../../src/base/config-file.ts";
import { InputError } from "../../src/base/errors.ts";
import { checkLayer } from "../../src/base/layer.ts";
import { resolveSettings } from "../../src/base/resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-config-"));
test.after.always(() => rmSync(folder, { recursive: true }));

async function complaint(text: string): Promise<string> {
  try {
    checkLayer(await parseConfig(text, "c.yaml"));
  } catch (error) {
    if (error instanceof InputError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no complaint";
}

for (const [text, expected] of [
  ["batch: 0", "bad-value: c.yaml:1:8: batch: expected an integer of at least 1, found 0"],
  [
    "seed: 1\nlr: fast\n",
    'bad-value: c.yaml:2:5: lr: expected a number above 0 (and within the range of f32), found "fast"',
  ],
  ["seed: 1\n\nlearning-rate: 1\n", "unknown-key: c.yaml:3:16: learning-rate is not a setting"],
  ["batch: '64'", 'bad-value: c.yaml:1:8: batch: expected an integer of at least 1, found "64"'],
  [
    "lr:",
    "bad-value: c.yaml:1:4: lr: expected a number above 0 (and within the range of f32), found nothing",
  ],
  [
    "lr: .nan",
    "bad-value: c.yaml:1:5: lr: expected a number above 0 (and within the range of f32), found NaN",
  ],
  ["batch: [1, 2]", "bad-value: c.yaml:1:8: batch: expected an integer of at least 1, found [1,2]"],
  ["batch: 1\nbatch: 2\n", "config-not-yaml: c.yaml:2:1: Map keys must be unique"],
  [
    "batch: [1",
    "config-not-yaml: c.yaml:1:10: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["- batch", 'config-not-a-map: c.yaml: expected lines of the form "batch: 64"'],
  ["just words", 'config-not-a-map: c.yaml: expected lines of the form "batch: 64"'],
  ["layout: auto", "not-supported-yet: c.yaml:1:9: layout auto is not supported yet"],
  ["__proto__: 1", "unknown-key: c.yaml:1:12: __proto__ is not a setting"],
  ["1: 2", "unknown-key: c.yaml:1:4: 1 is not a setting"],
  ["batch: !!js/function x", "config-not-yaml: c.yaml:1:8: Unresolved tag: tag:yaml.org,2002:js/function"],
  [
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]",
    "config-not-yaml: c.yaml:4:1: Excessive alias count indicates a resource exhaustion attack",
  ],
  [
    "batch: 1\n---\nbatch: 2\n",
    "config-not-yaml: c.yaml:2:1: a second document begins here; a configuration is one",
  ],
  ["model: a: b", "config-not-yaml: c.yaml:1:8: a second colon in one line; a setting has one"],
  ["batch: 0\nlr: no\n", "bad-config: 2 settings are wrong:\n  c.yaml:1:8: batch:"],
] as const) {
  test(`a config file with ${JSON.stringify(text).slice(0, 50)} is refused with the place in it`, async (t) => {
    const found = await complaint(text);
    t.true(found.startsWith(expected), found);
  });
}

test("of many mistakes in a config file the first three are told", async (t) => {
  const lines = (await complaint("a: b: c\n".repeat(50))).split("\n");
  t.is(lines.length, 5);
  t.is(lines[0], "config-not-yaml: the file is not YAML:");
  t.deepEqual(
    lines.slice(1, 4).map((line) => line.trim().split(": ")[0]),
    ["c.yaml:1:4", "c.yaml:2:4", "c.yaml:3:4"],
  );
  t.is(lines[4], "  and more");
});

test("brackets without end are one mistake", async (t) => {
  for (const count of [2000, 100_000])
    t.regex(await complaint("[".repeat(count)), /^config-not-yaml: .{1,100}$/s, String(count));
});

test("an empty file, or one of comments, is a configuration of defaults", async (t) => {
  for (const text of ["", "# nothing\n", "---\n", "null"]) t.is(await complaint(text), "no complaint", text);
});

test("a file that is missing, a folder, a device, too long or no text is refused by its path", async (t) => {
  const file = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const code = async (path: string) =>
    (await t.throwsAsync(readConfigFile(path), { instanceOf: InputError, message: new RegExp(path) }))?.code;
  t.is(await code(join(folder, "missing.yaml")), "cannot-read");
  t.is(await code(folder), "config-is-a-folder");
  t.is(await code("/dev/zero"), "config-not-text");
  t.is(await code(file("long.yaml", new Uint8Array(2 ** 20 + 1).fill(35))), "config-not-text");
  t.is(await code(file("binary.yaml", Uint8Array.of(0xff, 0xfe, 0x00))), "config-not-text");
});

test("whatever the settings, the written file reads back to the same job", async (t) => {
  const wide = { noNaN: true, min: 1e-30, max: 1e30 };
  const some: fc.Arbitrary<Partial<Settings>> = fc.record({
    dataset: fc.constantFrom("mnist", "/a b/c", "/t'\"\\#: x/é\n", "/true"),
    hidden: fc.array(fc.integer({ min: 1, max: 1e9 }), { maxLength: 4 }),
    activation: fc.constantFrom(...ACTIVATIONS),
    batch: fc.integer({ min: 1, max: 2 ** 31 }),
    maxSteps: fc.option(fc.integer({ min: 1, max: 1e9 })),
    seed: fc.maxSafeNat(),
    shuffle: fc.boolean(),
    optimizer: fc.constantFrom(...OPTIMIZERS),
    lr: fc.double(wide),
    clipNorm: fc.option(fc.double(wide)),
    weightDecay: fc.double({ noNaN: true, min: 0, max: 10 }),
    fma: fc.constantFrom("auto", "off"),
  });
  const places: fc.Arbitrary<Partial<Placement>> = fc.record({
    hosts: fc.constantFrom(null, "a", "a:2,ada@[::1]:3"),
    ranksPerProcess: fc.option(fc.integer({ min: 1, max: 9 })),
    ssh: fc.constantFrom("ssh", "ssh -p 22", "/a 'b' \"c\" # d"),
    remoteDir: fc.constantFrom(null, "/a b", "~"),
    security: fc.constantFrom(...SECURITY),
  });
  await fc.assert(
    fc.asyncProperty(some, places, async (values, where) => {
      const settings = { ...defaultSettings("sgd", 3), ...values };
      const placement = { ...defaultPlacement(), ...where };
      const text = formatConfig(settings, resolveSettings([], 3).origins, placement);
      // With hosts, their slots are the number of ranks, which nobody has counted here.
      const cores = where.hosts === null ? 1 : 3;
      const read = resolveSettings([checkLayer(await parseConfig(text, "c.yaml"))], cores);
      t.deepEqual([read.settings, read.placement], [settings, placement]);
    }),
    { numRuns: 60 },
  );
});

test("the written file has every setting of a job that is set, and none of an invocation", (t) => {
  const settings = { ...defaultSettings("sgd", 2), maxSteps: 1, clipNorm: 1 };
  const place: Placement = {
    hosts: "a",
    hostfile: "b",
    ranksPerProcess: 1,
    ssh: "s",
    remoteDir: "d",
    security: "off",
  };
  const keys = (placement?: Placement) => {
    const text = formatConfig(settings, resolveSettings([], 2).origins, placement);
    return text.split("\n").flatMap((line) => /^([a-z-]+):/.exec(line)?.[1] ?? []);
  };
  const left = (...out: string[]) =>
    CONFIG_KEYS.filter((key) => ![...INVOCATION_KEYS, "layout", ...out].includes(key));
  t.deepEqual(keys().sort(), left(...PLACEMENT_KEYS).sort());
  t.deepEqual(keys(place).sort(), left("ranks", "hostfile").sort());
  settings.layout = { dp: 1, tp: 1, pp: 2 };
  t.deepEqual(keys().sort(), ["layout", ...left("ranks", ...PLACEMENT_KEYS)].sort());
});
