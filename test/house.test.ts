/** Holds the house's rules (DESIGN: the house) over src, assembly and test, and shows that each rule can be broken. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import * as rules from "./house/rules.ts";
import { blank, functionsOf, importsOf } from "./house/source-text.ts";

/** All sources of the house, by path with forward slashes. AVA runs in the folder of package.json. */
function readHouse(): rules.Files {
  const files = new Map<string, string>();
  for (const folder of ["src", "assembly", "test"]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.replaceAll("\\", "/"), readFileSync(path, "utf8"));
    }
  }
  return files;
}

const HOUSE = readHouse();

test("the house is where this test looks for it", (t) => {
  t.true(
    HOUSE.has("src/base/errors.ts") && HOUSE.has("assembly/index.ts") && HOUSE.has("test/house.test.ts"),
  );
});

/** Each rule, with a file or two that break it. */
const RULES: [sentence: string, rule: (files: rules.Files) => string[], broken: Record<string, string>][] = [
  ["every room has a floor", rules.roomsWithoutFloor, { "src/attic/box.ts": "" }],
  [
    "a file imports its own room or lower floors only",
    rules.importsUpOrSideways,
    { "src/data/a.ts": 'import type { B } from "../run/b.ts";' },
  ],
  ["nobody imports the public API", rules.importsUpOrSideways, { "src/cli/a.ts": 'import "../index.ts";' }],
  [
    "src imports nothing from outside src",
    rules.importsUpOrSideways,
    { "src/cli/a.ts": 'import x from "../../x.ts";' },
  ],
  ["only src/index.ts re-exports", rules.barrels, { "src/data/a.ts": 'export { b } from "./b.ts";' }],
  [
    "no imports go in a circle",
    rules.cycles,
    { "src/data/a.ts": 'import { b } from "./b.ts";', "src/data/b.ts": 'import("./a.ts");' },
  ],
  ["no file is longer than 300 lines", rules.longFiles, { "test/a.test.ts": "x;\n".repeat(301) }],
  [
    "no function is longer than 70 lines",
    rules.longFunctions,
    { "assembly/a.ts": `export function f(\n  x: i32,\n): i32 {\n${"  x++;\n".repeat(67)}}\n` },
  ],
  [
    "every source file opens with a sentence",
    rules.filesWithoutOpening,
    { "src/data/a.ts": "/** Parse. */\nlet x = 1;" },
  ],
  [
    "no file has a name that says nothing",
    rules.emptyNames,
    { "src/data/utils.ts": "", "src/base/types/a.ts": "" },
  ],
  [
    "nothing below floor 8 waits for the event loop",
    rules.waitingOnSilentFloors,
    { "src/program/a.ts": "/** A b c. */\nexport async function f() {}" },
  ],
  ["nothing is any", rules.anys, { "src/data/a.ts": "let x: any;", "test/b.ts": "f(x as any);" }],
];

for (const [sentence, rule, broken] of RULES) {
  test(sentence, (t) => {
    t.deepEqual(rule(HOUSE), []);
    t.true(rule(new Map(Object.entries(broken))).length > 0, "the rule does not see its own example");
  });
}

test("words in comments, strings and patterns are no code", (t) => {
  const text = 'a(); // await\n/* async\n*/ b("await \\" x", `any\n$c`, /await"[/]/); d();';
  t.is(blank(text, true).replace(/\s+/g, " "), 'a(); b(" ", ` `, / /); d();');
  t.is(blank(text, true).length, text.length);
  t.is(blank("x = a / b / c;", true), "x = a / b / c;");
});

test("imports are found in all their forms", (t) => {
  const text = `import a from "./a.ts";
import type { B,
  C } from './b.ts';
import "./c.ts";
export * from "./d.ts";
const e = await import("./e.ts");
// import "./f.ts";`;
  t.deepEqual(importsOf(text, true), ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts"]);
  t.deepEqual(importsOf(text, false), ["./a.ts", "./c.ts", "./d.ts", "./e.ts"]);
});

test("functions, methods and arrows are measured, other blocks are not", (t) => {
  const text = `class A {
  static async f(
    x: number,
  ): Promise<void> {
    if (x) {
      g(() => {
        h({
          y,
        });
      });
    }
  }
}
`;
  const found = functionsOf(text).map(({ header, line, lines }) => [header, line, lines]);
  t.deepEqual(found, [
    ["static async f(", 2, 11],
    ["g(() => {", 6, 5],
  ]);
});
