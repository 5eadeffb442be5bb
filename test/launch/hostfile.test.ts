import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { InputError } from "../../src/base/errors.ts";
import {
  formatHostList,
  type Host,
  LONGEST_FILE_BYTES,
  parseHostfile,
  parseHostList,
  readHostfile,
} from "../../src/launch/hostfile.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const host = (name: string, slots = 1, user: string | null = null): Host => ({ name, user, slots });

function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "no complaint";
}

test("both dialects, users, addresses, comments, blank lines, CRLF and a BOM are read", (t) => {
  const text = [
    "\uFEFF# our machines",
    "node1 slots=16",
    "\tnode2:8   # the old one",
    "",
    "   ",
    "ada@node3.example.org slots=2 // Ada's",
    "bob@node-4:3",
    "10.0.0.5",
    "::1",
    "[fe80::1]:4",
    "[fe80::2] slots=5",
    "// node9 slots=9",
  ];
  const hosts = [
    ...[host("node1", 16), host("node2", 8), host("node3.example.org", 2, "ada"), host("node-4", 3, "bob")],
    ...[host("10.0.0.5"), host("::1"), host("fe80::1", 4), host("fe80::2", 5)],
  ];
  for (const end of ["\n", "\r\n"]) t.deepEqual(parseHostfile(text.join(end), "hosts"), hosts);
});

test("a list has the same hosts as a file with a line for each", (t) => {
  const list = "localhost:3,127.0.0.1:1,ada@[::1]:2, node1 ,node2 slots=4";
  t.deepEqual(parseHostList(list, "--hosts"), parseHostfile(list.replaceAll(",", "\n"), "hosts"));
});

const WRONG: [text: string, complaint: string][] = [
  ["a\nb slots=0", 'hosts:2: expected an integer from 1 to 256 as the number of slots, found "0"'],
  ["a slots=-1", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found "-1"'],
  ["a slots=1.5", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found "1.5"'],
  ["a slots=1e9", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found "1e9"'],
  ["a:1000000000", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found "1000000000"'],
  ["a:", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found ""'],
  ["a slots=", 'hosts:1: expected an integer from 1 to 256 as the number of slots, found ""'],
  ["a slots=2 slots=2", "hosts:1: the slots are given twice"],
  ["a:2 slots=2", "hosts:1: the slots are given twice"],
  ["a max_slots=4", 'hosts:1: "max_slots=4" is not slots=N'],
  ["a b", 'hosts:1: "b" is not slots=N'],
  ["# first\na\n\nA:2", "hosts:4: A is there already, at hosts:2"],
  ["[::1]\n::1", "hosts:2: ::1 is there already, at hosts:1"],
  ["-oProxyCommand=touch", 'hosts:1: "-oProxyCommand=touch" is not the name of a host'],
  ["-oProxyCommand=touch x", 'hosts:1: "-oProxyCommand=touch" is not the name of a host'],
  ["u@-oProxyCommand=x", 'hosts:1: "-oProxyCommand=x" is not the name of a host'],
  ["-l@host", 'hosts:1: "-l" is not a user\'s name'],
  ["h;id", 'hosts:1: "h;id" is not the name of a host'],
  ["$(id)", 'hosts:1: "$(id)" is not the name of a host'],
  ["`id`", 'hosts:1: "`id`" is not the name of a host'],
  ["a@b@c", 'hosts:1: "b@c" is not the name of a host'],
  ["@a", 'hosts:1: "" is not a user\'s name'],
  ["a\u0007b", 'hosts:1: "\\u0007" is a control character'],
  ["a\rb", 'hosts:1: "\\r" is a control character'],
  ["a\u0000", 'hosts:1: "\\u0000" is a control character'],
  ["höst", 'hosts:1: "h\\u00f6st" is not the name of a host'],
  ["a\u2028b", 'hosts:1: "a\\u2028b" is not the name of a host'],
  ["fe80::1%eth0", 'hosts:1: "fe80::1%eth0" is not the name of a host'],
  ["[node1]:2", 'hosts:1: "[node1]:2" is not the name of a host'],
  ["[::1", 'hosts:1: "[::1" is not the name of a host'],
  ["1:2:3", 'hosts:1: "1:2:3" is not the name of a host'],
  [":4", 'hosts:1: ":4" is not the name of a host'],
  ["a\n".concat("b".repeat(1_000_000)), "hosts:2: the line has 1000000 characters, more than 1000"],
  ["a".repeat(254), `hosts:1: "${"a".repeat(56)}… is not the name of a host`],
  ["", "hosts names no host"],
  ["# nobody\n\n", "hosts names no host"],
  ["a:200\nb:57", "hosts has 257 slots, a job at most 256 ranks"],
];
for (const [index, [text, words]] of WRONG.entries()) {
  test(`wrong hosts ${index + 1}, ${JSON.stringify(text.slice(0, 40))}, are refused with line and reason`, (t) => {
    t.is(
      complaint(() => parseHostfile(text, "hosts")),
      words,
    );
  });
}

test("in a list the complaint names the host by its place", (t) => {
  for (const [list, words] of [
    ["a:2,b:0", '--hosts: host 2: expected an integer from 1 to 256 as the number of slots, found "0"'],
    ["a,,b", "--hosts: host 2: a host is missing between two commas"],
    ["a,b,a", "--hosts: host 3: a is there already, as host 1"],
    ["h;id", '--hosts: "h;id" is not the name of a host'],
  ])
    t.is(
      complaint(() => parseHostList(list, "--hosts")),
      words,
    );
});

test("a hostfile that is missing, a folder, a device, no text, or much too long is told as that", (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  mkdirSync(at("folder"));
  writeFileSync(at("binary"), Uint8Array.of(0x80, 0xff));
  writeFileSync(at("long"), "#\n".repeat(LONGEST_FILE_BYTES / 2 + 1));
  execFileSync("mkfifo", [at("pipe")]);
  for (const [path, words] of [
    [at("none"), `cannot read ${at("none")}: it does not exist (ENOENT)`],
    [at("folder"), `${at("folder")} is not a hostfile: it is a folder`],
    ["/dev/zero", "/dev/zero is not a hostfile: it is a device"],
    [at("binary"), `${at("binary")} is not a hostfile: it is not UTF-8 text`],
    [at("long"), `${at("long")} is not a hostfile: it is longer than 4 MiB`],
  ])
    t.is(
      complaint(() => readHostfile(path)),
      words,
    );
  writeFileSync(at("good"), "a:2\r\nb\r\n");
  t.deepEqual(readHostfile(at("good")), [host("a", 2), host("b")]);
});

const label = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
const name = fc.oneof(
  label,
  fc.ipV6().filter((address) => !address.includes("%")),
);
const drawnHost = fc.record({
  name,
  user: fc.option(fc.stringMatching(/^[a-z_][a-z0-9._-]{0,9}$/), { nil: null }),
  slots: fc.integer({ min: 1, max: 20 }),
});

test("hosts that are written as a list, or as lines of either dialect, are read back", (t) => {
  const hosts = fc.uniqueArray(drawnHost, { minLength: 1, maxLength: 10, selector: (drawn) => drawn.name });
  fc.assert(
    fc.property(hosts, fc.constantFrom("\n", "\r\n", " # x\n", "\n\n//\n"), (drawn, end) => {
      const list = formatHostList(drawn);
      t.deepEqual(parseHostList(list, "--hosts"), drawn);
      t.deepEqual(parseHostfile(list.split(",").join(end), "hosts"), drawn);
      const lines = list.split(",").map((item) => item.replace(/:(\d+)$/, "\tslots=$1"));
      t.deepEqual(parseHostfile(lines.join(end), "hosts"), drawn);
    }),
  );
});

test("whatever the text, it is hosts that ssh takes for nothing else, or an InputError", (t) => {
  const pieces = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "-o",
      "@",
      ":",
      "[",
      "]",
      "::1",
      "slots=",
      "1",
      "a",
      " ",
      "\n",
      "\r",
      "#",
      "//",
      "$",
      ";",
      "%",
    ),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (drawn) => {
      let hosts: Host[];
      try {
        hosts = parseHostfile(drawn.join(""), "hosts");
      } catch (error) {
        return t.true(error instanceof InputError, String(error));
      }
      for (const { name, user, slots } of hosts) {
        t.regex(`${user ?? "u"}@${name}`, /^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9:][A-Za-z0-9:._-]*$/);
        t.true(Number.isInteger(slots) && slots >= 1 && slots <= 256);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a word of another dialect, or a slip, is told with what to do; a list in its own words", (t) => {
  const fixOf = (parse: () => unknown) => t.throws(parse, { instanceOf: InputError })?.fix;
  t.regex(fixOf(() => parseHostfile("a slots=2 max_slots=4", "hosts")) ?? "", /^remove it: slots=N alone/);
  t.is(
    fixOf(() => parseHostfile("a slots = 2", "hosts")),
    "write slots=N without spaces",
  );
  t.regex(fixOf(() => parseHostList("a:x,b", "--hosts")) ?? "", /such as node1:4$/);
  t.regex(fixOf(() => parseHostList("$(id)", "--hosts")) ?? "", /^write host:N, such as node1:4;/);
  t.regex(fixOf(() => parseHostfile("$(id)", "hosts")) ?? "", /^write host slots=N or host:N/);
});
