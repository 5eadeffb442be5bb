import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { json, workplace } from "../cli/child.ts";
import { ADDRESS, hasSshd, startSshd } from "./sshd.ts";
import { Launched, processesOf, TRAIN } from "./stories.ts";

const story = hasSshd ? test.serial : test.skip;

story(
  "over ssh to a host and here a job has the weights of one rank, and leaves nobody on either",
  async (t) => {
    const { ssh } = await startSshd(t);
    const folder = workplace(t);
    const alone = await new Launched(t, folder, [...TRAIN, "--ranks", "1", "--json", "--epochs", "3"]).ended;
    const launched = new Launched(t, folder, [
      ...[
        ...TRAIN,
        "--hosts",
        `${ADDRESS}:1,localhost:2`,
        "--ssh",
        ssh,
        "--json",
        "--run-dir",
        "out",
        "--epochs",
        "3",
      ],
    ]);
    const { exitCode, stderr, objects } = await launched.ended;
    t.is(exitCode, 0, stderr);
    t.like(objects.at(-1), { status: "ok", ranks: 3, processes: 2 });
    t.is(objects.at(-1)?.weightsSha256, alone.objects.at(-1)?.weightsSha256);
    t.like(json(folder, "out", "env.json"), {
      hosts: [
        { host: ADDRESS, ranks: 1 },
        { host: "localhost", ranks: 2 },
      ],
    });
    t.deepEqual(await processesOf(folder), []);
    const again = await new Launched(t, folder, ["train", "--resume", "out", "--epochs", "6", "--json"])
      .ended;
    t.is(again.exitCode, 0, again.stderr);
    t.like(again.objects.at(-1), { status: "ok", ranks: 3, processes: 2, steps: 180 });
  },
);

story("Ctrl-C leaves a checkpoint here, and nobody on the other host", async (t) => {
  const { ssh } = await startSshd(t);
  const folder = workplace(t);
  const argv = [...TRAIN, "--epochs", "100000", "--hosts", ADDRESS, "--ssh", ssh, "--run-dir", "out"];
  const launched = new Launched(t, folder, argv);
  await launched.trains("out");
  launched.process.kill("SIGINT");
  const { exitCode, stderr } = await launched.ended;
  t.is(exitCode, 130, stderr);
  t.regex(stderr, /interrupted at step [\d,]+; go on with: lockstep train --resume out/);
  t.deepEqual(await processesOf(folder), []);
});

for (const [who, pattern] of [
  ["the ssh client", /BatchMode=yes/],
  ["the agent", /agent-entry\.js/],
  ["the launcher", /main\.js train/],
] as const) {
  story(`when ${who} is killed, everybody on both hosts is gone, and the host is named`, async (t) => {
    const { ssh } = await startSshd(t);
    const folder = workplace(t);
    const argv = [
      ...TRAIN,
      "--epochs",
      "100000",
      "--hosts",
      `${ADDRESS},localhost`,
      "--ssh",
      ssh,
      "--run-dir",
      "out",
    ];
    const launched = new Launched(t, folder, argv);
    await launched.trains("out");
    const [victim] = (await processesOf(folder)).filter(({ command }) => pattern.test(command));
    process.kill(victim.pid, "SIGKILL");
    const { exitCode, stderr } = await launched.ended;
    t.deepEqual(await processesOf(folder, 10_000), []);
    if (who === "the launcher") return;
    t.is(exitCode, 1, stderr);
    t.regex(stderr, /lockstep: the agent on 127\.0\.0\.2 ended/);
  });
}

story(
  "a host that refuses the key, whose own key is unknown, or that has no Node or Lockstep, is named with a fix",
  async (t) => {
    const sshd = await startSshd(t);
    const folder = workplace(t);
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, "node-only", "node_modules", ".bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder, "node-only", "node_modules", ".bin", "node"));
    for (const [ssh, words, code, message] of [
      [sshd.withoutKey, [], "host-refuses-key", /cannot reach 127\.0\.0\.2: .*Permission denied/],
      [sshd.withoutHostKey, [], "host-key-unknown", /cannot reach 127\.0\.0\.2: .*[Vv]erification failed/],
      [
        sshd.ssh,
        ["--remote-dir", join(folder, "none")],
        "no-remote-folder",
        /127\.0\.0\.2 does not have the folder/,
      ],
      [
        sshd.ssh,
        ["--remote-dir", join(folder, "node-only")],
        "no-remote-lockstep",
        /does not have Lockstep in/,
      ],
      ["ssh -p 1", [], "host-unreachable", /cannot reach 127\.0\.0\.2: .*refused/],
      ["no-such-ssh", [], "no-ssh", /no-such-ssh cannot be started/],
    ] as const) {
      const argv = [...TRAIN, "--hosts", ADDRESS, "--ssh", ssh, "--json", "--run-dir", "out", ...words];
      const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
      t.is(exitCode, 1, stderr);
      t.like(objects.at(-1)?.error, { code }, stderr);
      t.regex(stderr, message);
      t.regex(stderr, /\n {2}fix: /);
    }
    t.throws(() => readFileSync(join(folder, "out", "status.json")));
  },
);

story("a host that takes the call and says nothing is given up, and named", async (t) => {
  const server = createServer(() => {});
  t.teardown(() => server.close());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, ADDRESS, () => resolve((server.address() as AddressInfo).port));
  });
  const folder = workplace(t);
  const ssh = `ssh -o ConnectTimeout=1 -p ${port}`;
  const { exitCode, stderr } = await new Launched(t, folder, [...TRAIN, "--hosts", ADDRESS, "--ssh", ssh])
    .ended;
  t.is(exitCode, 1, stderr);
  t.regex(stderr, /lockstep: cannot reach 127\.0\.0\.2: .*timed out/);
});

story("doctor tells of each host what it is, and of one that cannot take part why", async (t) => {
  const { ssh, withoutKey } = await startSshd(t);
  const folder = workplace(t);
  const hosts = ["--hosts", `localhost:2,${ADDRESS}:3`];
  const well = await new Launched(t, folder, ["doctor", ...hosts, "--ssh", ssh, "--json"]).ended;
  t.is(well.exitCode, 0, well.stderr);
  const [here, there, between, last] = well.objects;
  t.like(here, { type: "host", host: "localhost", slots: 2, usable: true, clockOffsetMs: 0, problem: null });
  t.like(there, { host: ADDRESS, slots: 3, usable: true, node: process.versions.node, ports: true });
  t.true(Math.abs(there.clockOffsetMs as number) < 1000);
  t.like(between, { type: "pair", hosts: ["localhost", ADDRESS], usable: true, problem: null });
  t.true((between.roundTripUs as number) > 0 && (between.bytesPerSecond as number) > 0);
  t.deepEqual(last, { status: "ok", hosts: 2 });
  const ill = await new Launched(t, folder, ["doctor", ...hosts, "--ssh", withoutKey]).ended;
  t.is(ill.exitCode, 1, ill.stderr);
  t.regex(ill.stdout, /^localhost .* ok\n127\.0\.0\.2 .* no$/m);
  t.regex(
    ill.stderr,
    /127\.0\.0\.2: cannot reach 127\.0\.0\.2: .*Permission denied.*\n {2}fix: give it your key/,
  );
  t.deepEqual(await processesOf(folder), []);
});
