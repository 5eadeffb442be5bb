import { writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import test from "ava";
import { lockstep, TINY, workplace } from "./child.ts";

/** A model file decides its own layers. */
const TRAIN = TINY.filter((word, i) => word !== "--hidden" && TINY[i - 1] !== "--hidden");
const FINDS = "registerHooks" in nodeModule;
const FILES: [name: string, text: string, message: RegExp][] = [
  [
    "throws",
    'export default () => { throw new Error("boom") }',
    /^lockstep: m\.mjs: the model function threw Error: boom \(m\.mjs:1:30\)\n {2}fix: .*\n$/,
  ],
  [
    "is a class",
    "export default class {}",
    /^lockstep: m\.mjs: the model function threw TypeError: Class constructor.*\n {2}fix: .*\n$/,
  ],
  [
    "throws while it is loaded",
    '\nthrow new Error("early");',
    /^lockstep: m\.mjs cannot be loaded: Error: early \(m\.mjs:2:7\)\n {2}fix: .*\n$/,
  ],
  [
    "throws undefined while it is loaded",
    "throw undefined",
    /^lockstep: m\.mjs cannot be loaded: undefined\n {2}fix: .*\n$/,
  ],
  [
    "leaves a promise rejected",
    'Promise.reject(new Error("late")); export default (x) => x',
    /^lockstep: m\.mjs cannot be loaded: Error: late \(m\.mjs:1:16\)\n {2}fix: .*\n$/,
  ],
  [
    "is not JavaScript",
    "export default (x =>",
    /^lockstep: m\.mjs cannot be loaded: SyntaxError: .*\n {2}fix: `node m\.mjs` shows where\n$/,
  ],
  [
    "exports no function",
    "export default 3",
    /^lockstep: m\.mjs has no model function as its default export\n/,
  ],
  [
    "is asynchronous",
    "export default async (x) => x",
    /^lockstep: m\.mjs: the model function returned a promise\n/,
  ],
];

for (const [name, text, message] of FILES)
  test(`a model file that ${name} is refused as bad input, in two lines without a stack`, async (t) => {
    const folder = workplace(t);
    writeFileSync(join(folder, "m.mjs"), text);
    const { exitCode, stderr } = await lockstep(folder, ...TRAIN, "--model", "m.mjs", "-q");
    t.is(exitCode, 2, stderr);
    t.regex(stderr, message);
  });

test("a model file outside of any package finds lockstep, or is told how to", async (t) => {
  const folder = workplace(t);
  const text = 'import { linear } from "lockstep";\nexport default (x, classes) => linear(x, classes);\n';
  writeFileSync(join(folder, "m.mjs"), text);
  const { exitCode, stderr } = await lockstep(folder, ...[...TRAIN, "--model", "m.mjs", "--max-steps", "1"]);
  t.is(exitCode, FINDS ? 0 : 2, stderr);
  if (FINDS) return;
  t.regex(stderr, /^lockstep: m\.mjs cannot be loaded: .*Cannot find package 'lockstep'/m);
  t.true(stderr.includes(`fix: install Lockstep beside it: cd ${folder} && npm install /`), stderr);
});
