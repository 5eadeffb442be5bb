import test from "ava";
import { EnvironmentError, InputError } from "../../src/base/errors.ts";
import { errnoOf, readError, writeError } from "../../src/base/file-error.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something`), { code });
}

test("each errno of a failed write has its own words and fix", (t) => {
  const codes = ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "ENOENT", "ENOTDIR", "EISDIR", "EMFILE"];
  const errors = codes.map((code) => writeError("/x/y", systemError(code)));
  for (const [i, error] of errors.entries()) {
    t.true(error instanceof EnvironmentError);
    t.regex(error.message, new RegExp(`^cannot write /x/y: .*\\(${codes[i]}\\)$`));
  }
  t.is(new Set(errors.map((error) => error.message.split(": ")[1])).size, codes.length);
  t.deepEqual([errors[0].code, errors[1].code, errors[2].code], ["disk-full", "disk-full", "cannot-write"]);
});

test("a failed read is the user's where the path is at fault, else the machine's", (t) => {
  t.true(readError("/x", systemError("ENOENT")) instanceof InputError);
  t.true(readError("/x", systemError("EACCES")) instanceof InputError);
  const io = readError("/x", systemError("EIO"));
  t.true(io instanceof EnvironmentError);
  t.is(io.message, "cannot read /x: EIO: something");
});

test("what is no system error has no errno, and keeps its message", (t) => {
  t.is(errnoOf(systemError("ERR_OUT_OF_RANGE")), null);
  t.is(errnoOf(new Error("x")), null);
  t.is(errnoOf("ENOSPC"), null);
  t.is(writeError("/x", new Error("strange")).message, "cannot write /x: strange");
});
