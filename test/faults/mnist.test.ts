/** MNIST over a hostfile, with a host here and one behind ssh: the weights of one rank; Ctrl-C leaves nothing on either. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { json, workplace } from "../cli/child.ts";
import { hasSshd, startSshd } from "../launch/sshd.ts";
import { Launched, processesOf, temporary } from "../launch/stories.ts";

const story = hasSshd ? test.serial : test.skip;
const HOSTS = "# the first is behind ssh\n127.0.0.2 slots=1\nlocalhost:1   // and we\n";

story("one epoch of MNIST over a hostfile has the weights of one rank, and leaves nobody", async (t) => {
  const { ssh } = await startSshd(t);
  const folder = workplace(t);
  writeFileSync(join(folder, "hosts"), HOSTS);
  const train = ["train", "--epochs", "1", "--json", "-q"];
  const alone = await new Launched(t, folder, [...train, "--ranks", "1"]).ended;
  t.is(alone.exitCode, 0, alone.stderr);
  const argv = [...train, "--hostfile", "hosts", "--ssh", ssh, "--run-dir", "out"];
  const { exitCode, stderr, objects } = await new Launched(t, folder, argv).ended;
  t.is(exitCode, 0, stderr);
  t.like(objects.at(-1), { status: "ok", ranks: 2, processes: 2, steps: 938 });
  t.is(objects.at(-1)?.weightsSha256, alone.objects.at(-1)?.weightsSha256);
  const accuracy = ({ objects: [epoch] }: typeof alone) => epoch.testAccuracy as number;
  t.is(objects[0].testAccuracy, alone.objects[0].testAccuracy);
  t.true(accuracy(alone) > 0.9);
  t.like(json(folder, "out", "env.json"), { hosts: [{ host: "127.0.0.2" }, { host: "localhost" }] });
  t.deepEqual(await processesOf(folder), []);
  t.deepEqual(readdirSync(temporary(folder)), []);
});

for (const presses of [1, 2])
  story(
    `Ctrl-C, pressed ${presses} times while MNIST trains on two hosts, leaves nobody on either`,
    async (t) => {
      const { ssh } = await startSshd(t);
      const folder = workplace(t);
      writeFileSync(join(folder, "hosts"), HOSTS);
      const argv = [
        "train",
        "--epochs",
        "1000",
        "--json",
        "--hostfile",
        "hosts",
        "--ssh",
        ssh,
        "--run-dir",
        "out",
      ];
      const launched = new Launched(t, folder, argv);
      await launched.trains("out");
      for (let press = 0; press < presses; press++) {
        launched.process.kill("SIGINT");
        await new Promise((resolve) => setTimeout(resolve, 350)); // Less is one press of two signals.
      }
      const { exitCode, stderr, objects } = await launched.ended;
      t.is(exitCode, 130, stderr);
      t.like(objects.at(-1), { status: "interrupted" });
      t.deepEqual(await processesOf(folder, 10_000), []);
      t.deepEqual(readdirSync(temporary(folder)), []);
    },
  );
