/** Holds the documents to what is there: programs, flags, files, and the tests that ARCHITECTURE.md names. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { KERNEL_FLAGS } from "../src/cli/bench-flags.ts";
import { TRAIN_FLAGS } from "../src/cli/flags.ts";
import { compileKernels } from "../src/kernels/load.ts";

const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"];

const text = (path: string) => readFileSync(path, "utf8");
const matches = (pattern: RegExp, path: string) =>
  [...text(path).matchAll(pattern)].map(([, ...groups]) => groups);

test("README's program is the example, and prints what README says it prints", async (t) => {
  const [program, printed] = /```ts\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(text("README.md"))!.slice(1);
  t.is(program, text("examples/mlp.ts"));
  const { stdout } = await promisify(execFile)(process.execPath, ["build/examples/mlp.js"]);
  // Other bits, so other figures, where multiply-adds are not fused.
  if (compileKernels("auto").fma) t.is(stdout, printed);
  t.is(stdout.split("\n").length, printed.split("\n").length);
});

test("README's flags are those of train and bench, and its table leaves out few", (t) => {
  const flagsOf = ({ words }: { words: string }) => words.match(/-{1,2}[a-z][\w-]*/g) ?? [];
  const known = TRAIN_FLAGS.flatMap(flagsOf);
  const ofBench = KERNEL_FLAGS.flatMap(flagsOf);
  const named = new Set(text("README.md").match(/(?<=[\s`])-{1,2}[a-z][\w-]*/g));
  named.delete("-c"); // npx's
  t.deepEqual(
    [...named].filter((flag) => ![...known, ...ofBench].includes(flag)),
    [],
  );
  const unsaid = known.filter((flag) => flag.startsWith("--") && !named.has(flag));
  const forLater = ["--on-nonfinite"];
  t.deepEqual(unsaid, [...forLater, "--collective-timeout", "--quiet", "--verbose"]);
});

test("every link and every path in the documents leads to something", (t) => {
  for (const document of DOCUMENTS) {
    const links = matches(/\]\((?!https?:|#)([^)#]+)/g, document).map(([link]) =>
      join(dirname(document), link),
    );
    // `rank/loop.ts` and `src/rank/loop.ts` are the same place.
    const paths = matches(/(?<![\w./-])((?:[a-z][\w-]*\/)+[\w.-]+\.(?:ts|mjs|py|c|md))\b/g, document);
    const rooted = paths.map(([path]) => ["", "src", "assembly", "bench"].map((root) => join(root, path)));
    const dead = [...links.map((link) => [link]), ...rooted].filter(
      (places) => !places.some((p) => existsSync(p)),
    );
    t.deepEqual(
      dead.map(([first]) => first),
      [],
      document,
    );
  }
});

/** Whether a test file has a title; … stands for what varies. */
function says(path: string, title: string): boolean {
  if (!existsSync(path)) return false;
  const parts = title.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`["'\`]${parts.join("[^\\n]*")}["'\`]`).test(text(path));
}

/** The tests that the table of invariants names: after `file`, "title", "title" … */
function citedTests(): [file: string, title: string][] {
  const cited: [string, string][] = [];
  for (const [, cell] of text("ARCHITECTURE.md").matchAll(/^\|.*\| (`.*) \|$/gm)) {
    let file = "";
    for (const [, path, title] of cell.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
      if (path) file = path;
      else cited.push([file, title]);
    }
  }
  return cited;
}

test("every test that ARCHITECTURE.md names is there", (t) => {
  const cited = citedTests();
  t.true(cited.length > 60, `only ${cited.length} were found`);
  t.deepEqual(
    cited.filter(([file, title]) => !says(`test/${file}.test.ts`, title)),
    [],
  );
  t.false(says("test/house.test.ts", "a title that nobody … wrote"));
});
