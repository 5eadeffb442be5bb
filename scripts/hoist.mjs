// After the compiler: the v128 constants of a loop become locals that are set before it.
// V8 builds a v128.const from three instructions at every use and moves none out of a loop; Binaryen puts them all in.
import binaryen from "binaryen";

const constant = /\(v128\.const i32x4 [^)]*\)/g;

/** The statements of a function's text: lines indented by exactly two spaces open or close one. */
function hoistInFunction(text) {
  const lines = text.split("\n");
  const last = lines.findLastIndex((line) => /^ {2}\(local \$/.test(line));
  const head = lines.slice(0, Math.max(last + 1, 1));
  const names = new Map();
  const body = [];
  let statement = [];
  const take = () => {
    const inLoop = statement.some((line) => line.includes("(loop"));
    const joined = statement.join("\n");
    if (!inLoop) body.push(joined);
    else {
      const sets = [];
      const rest = joined.replace(constant, (value) => {
        const name = names.get(value) ?? `$constant${names.size}`;
        names.set(value, name);
        const set = `  (local.set ${name} ${value})`;
        if (!sets.includes(set)) sets.push(set);
        return `(local.get ${name})`;
      });
      body.push(...sets, rest);
    }
    statement = [];
  };
  for (const line of lines.slice(head.length)) {
    if (/^ {2}\(/.test(line) && statement.length > 0) take();
    statement.push(line);
  }
  const tail = statement.splice(statement.findLastIndex((line) => line.startsWith(" )")));
  if (statement.length > 0) take();
  return [...head, ...[...names.values()].map((name) => `  (local ${name} v128)`), ...body, ...tail].join(
    "\n",
  );
}

/** The binary with the constants of its loops hoisted. */
export function hoistConstants(binary) {
  const before = binaryen.readBinary(binary);
  const parts = before.emitText().split(/\n(?= \(func )/);
  before.dispose();
  const text = parts
    .map((part, i) => (i > 0 && part.includes("(loop") ? hoistInFunction(part) : part))
    .join("\n");
  const after = binaryen.parseText(text);
  after.setFeatures(binaryen.Features.All);
  if (!after.validate()) throw new Error("hoisting constants made an invalid module");
  const result = after.emitBinary();
  after.dispose();
  return result;
}
