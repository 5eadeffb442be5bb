import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { AGENT_COMMAND, sshWords, startLines } from "../../src/launch/ssh.ts";
import { workplace } from "../cli/child.ts";
import { shim } from "./shim.ts";
import { Launched, processesOf, TRAIN } from "./stories.ts";

const OPTIONS = [
  ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"],
  ...["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3", "-T", "--"],
];

test("ssh is called with its options, two dashes, the host, and a command that never varies", (t) => {
  const plain = { name: "node1", user: null };
  t.deepEqual(sshWords(plain, "ssh"), ["ssh", ...OPTIONS, "node1", AGENT_COMMAND]);
  t.deepEqual(sshWords({ name: "::1", user: "ada" }, " /bin/ssh  -p 22 "), [
    ...["/bin/ssh", "-p", "22", ...OPTIONS, "ada@::1", AGENT_COMMAND],
  ]);
});

test("the command says nothing of this launcher, and is one word to any shell", (t) => {
  t.notRegex(AGENT_COMMAND, new RegExp(`${process.cwd()}|${process.execPath}`));
  t.regex(AGENT_COMMAND, /^exec sh -c '[^'\\!\n]*'$/);
});

test("what varies goes in three lines", (t) => {
  const [folder, node, script, rest] = startLines(null).split("\n");
  t.deepEqual([folder, node, rest], [process.cwd(), process.execPath, ""]);
  t.regex(script, /launch\/agent-entry\.js$/);
  t.is(startLines("/opt/a b"), "/opt/a b\n\n\n");
  t.throws(() => startLines("/opt/a\nb"), { code: "bad-folder" });
});

test.serial(
  "what a login shell says before the agent speaks does not disturb; the words of the call are as above",
  async (t) => {
    const folder = workplace(t);
    const path = shim(folder, "echo Welcome to node1; cat /etc/hostname; printf 'Have a nice day'");
    const argv = [...TRAIN, "--epochs", "1", "--hosts", "ada@node1:2,localhost", "--ssh", path, "--json"];
    const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
    t.is(exitCode, 0, stderr);
    t.like(objects.at(-1), { status: "ok", ranks: 3, processes: 2 });
    t.is(
      readFileSync(join(folder, "words"), "utf8"),
      `${[...OPTIONS, "ada@node1", AGENT_COMMAND].join("\n")}\n`,
    );
    t.deepEqual(await processesOf(folder), []);
  },
);

test.serial("a host that says things without end, and no agent, is given up", async (t) => {
  const folder = workplace(t);
  const path = shim(folder, "exec yes no agent");
  const argv = [...TRAIN, "--hosts", "node1", "--ssh", path, "--json"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "host-unreadable" });
});

/** A folder that has Lockstep among its packages, as --remote-dir takes it. */
function installed(folder: string): string {
  const at = join(folder, "installed");
  mkdirSync(join(at, "node_modules", ".bin"), { recursive: true });
  symlinkSync(process.cwd(), join(at, "node_modules", "lockstep"));
  return at;
}

test.serial("a host without Node, in its folder or on its PATH, is named with a fix", async (t) => {
  const folder = workplace(t);
  mkdirSync(join(folder, "bin"));
  symlinkSync("/bin/sh", join(folder, "bin", "sh"));
  const path = shim(folder, `PATH='${join(folder, "bin")}'`);
  const at = installed(folder);
  const argv = [...TRAIN, "--hosts", "node1,localhost", "--ssh", path, "--remote-dir", at, "--json"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "no-remote-node" }, stderr);
  t.regex(
    stderr,
    /node1 does not have Node, neither in .*installed nor on its PATH\n {2}fix: install Lockstep there/,
  );
  t.deepEqual(await processesOf(folder), []);
});

const OTHER_NODE = "/usr/bin/node";
const otherNode = existsSync(OTHER_NODE) ? test.serial : test.skip;

otherNode("another version of Node on a host is refused", async (t) => {
  const folder = workplace(t);
  const at = installed(folder);
  symlinkSync(OTHER_NODE, join(at, "node_modules", ".bin", "node"));
  const hosts = ["--hosts", "node1,localhost", "--ssh", shim(folder, ":"), "--remote-dir", at];
  const { exitCode, stderr, objects } = await new Launched(t, folder, [...TRAIN, ...hosts, "--json"]).ended;
  if (execFileSync(OTHER_NODE, ["--version"], { encoding: "utf8" }).trim() === process.version) {
    t.is(exitCode, 0, stderr);
    return;
  }
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "other-node" }, stderr);
  t.true(stderr.includes(`, this is ${process.versions.node}: the bits might differ`), stderr);
  t.deepEqual(await processesOf(folder), []);
});

test.serial("another version of Lockstep on a host is refused", async (t) => {
  const folder = workplace(t);
  const agent = join(folder, "other", "build", "src", "launch");
  mkdirSync(agent, { recursive: true });
  const json = JSON.stringify({ type: "hello", version: 1, pid: 1, lockstep: "0.0.9" });
  writeFileSync(
    join(agent, "agent-entry.js"),
    `const j = Buffer.from(${JSON.stringify(json)}), h = Buffer.alloc(8); h.writeUInt32LE(j.length, 0);
     process.stdout.write(Buffer.concat([Buffer.from("lockstep-agent\\n"), h, j])); setTimeout(() => {}, 5000);`,
  );
  const argv = [
    ...TRAIN,
    "--hosts",
    "node1",
    "--ssh",
    shim(folder, ":"),
    "--remote-dir",
    join(folder, "other"),
    "--json",
  ];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 1, stderr);
  t.like(objects.at(-1)?.error, { code: "other-version" });
  t.regex(stderr, /node1 has Lockstep 0\.0\.9, this is \d/);
});

test.serial(
  "hosts that are wrong, or said twice, are refused with exit code 2, and ssh is never called",
  async (t) => {
    const folder = workplace(t);
    writeFileSync(join(folder, "hosts"), "localhost slots=2\n-oProxyCommand=touch\n");
    const path = shim(folder, ":");
    for (const [words, message] of [
      [["--hostfile", "hosts"], /hosts:2: "-oProxyCommand=touch" is not the name of a host/],
      [["--hostfile", "missing"], /cannot read .*missing: it does not exist/],
      [["--hostfile", "data"], /data is not a hostfile: it is a folder/],
      [["--hosts", "a;id"], /--hosts: "a;id" is not the name of a host/],
      [["--hosts", "a:1,a:2"], /--hosts: host 2: a is there already/],
      [["--hosts", "localhost", "--ranks", "1"], /--hosts and --ranks both say how many ranks there are/],
      [
        ["--hosts", "localhost:2", "--layout", "dp=3,tp=1,pp=1"],
        /the layout dp=3,tp=1,pp=1 has 3 ranks, the hosts have 2/,
      ],
      [
        ["--hosts", "node1", "--security", "off"],
        /--security off is for processes of this machine; node1 is another/,
      ],
    ] as const) {
      const { exitCode, stderr } = await new Launched(t, folder, [...TRAIN, ...words, "--ssh", path]).ended;
      t.is(exitCode, 2, stderr);
      t.regex(stderr, message);
    }
    t.throws(() => readFileSync(join(folder, "words")), { code: "ENOENT" });
  },
);
