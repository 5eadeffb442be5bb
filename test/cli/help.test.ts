import test from "ava";
import { CONFIG_KEYS } from "../../src/base/config.ts";
import { TRAIN_FLAGS } from "../../src/cli/flags.ts";
import { lockstep } from "../../src/cli/lockstep.ts";
import { Terminal } from "./terminal.ts";

async function run(columns: number | undefined, ...argv: string[]) {
  const [stdout, stderr] = [new Terminal(columns), new Terminal(columns)];
  const exitCode = await lockstep(argv, stdout, stderr, { NO_COLOR: "1" });
  return { exitCode, stdout: stdout.written, stderr: stderr.written };
}

test("the help of lockstep in 80 columns", async (t) => {
  const { exitCode, stdout, stderr } = await run(80, "--help");
  t.deepEqual([exitCode, stderr], [0, ""]);
  t.is(
    stdout,
    `Usage: lockstep [options] [command]

Trains neural networks on all cores, with the same bits on any number of them.

Options:
  -V, --version                  output the version number
  -h, --help                     display help for command

Commands:
  train [options] [config.yaml]  train a network
  eval [options] <run>           test a trained network
  trace [options] <run>          where the time of traced steps went
  bench                          measure kernels, a training step, or allreduce
  doctor [options]               can these hosts train together?
  data                           data sets
  help [command]                 display help for command

Examples:
  lockstep train
  lockstep eval runs/latest
  lockstep bench kernels
  lockstep help train

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.
`,
  );
});

test("the help of eval in 40 columns", async (t) => {
  const { stdout } = await run(40, "eval", "--help");
  t.true(
    stdout.startsWith(`Usage: lockstep eval [options] <run>

test a trained network

Arguments:
  run
      run folder or checkpoint

What to train:
  --dataset <name>
      mnist, fashion-mnist, or a folder
      of IDX files (mnist)
`),
    stdout,
  );
});

for (const columns of [40, 80, 120]) {
  test(`no line of help is wider than ${columns} columns`, async (t) => {
    for (const argv of [
      ["--help"],
      ["train", "--help"],
      ["eval", "--help"],
      ["trace", "--help"],
      ["bench", "--help"],
      ["bench", "kernels", "--help"],
      ["bench", "step", "--help"],
      ["doctor", "--help"],
      ["bench", "allreduce", "--help"],
      ["data", "--help"],
      ["data", "list", "--help"],
    ]) {
      const { stdout } = await run(columns, ...argv);
      const wide = stdout
        .split("\n")
        .filter(
          (line) =>
            line.length > columns && !/^ {2}lockstep |^ {2}mpirun |^Exit codes|^Flags win|^Usage/.test(line),
        );
      t.deepEqual(wide, [], argv.join(" "));
    }
  });
}

test("every setting has a flag of its name, and train's help names them all", async (t) => {
  t.deepEqual(TRAIN_FLAGS.map(({ key }) => key).sort(), [...CONFIG_KEYS].sort());
  const { stdout } = await run(80, "train", "--help");
  for (const { key, words } of TRAIN_FLAGS) {
    t.true(words.includes(`--${key}`), key);
    t.true(stdout.includes(`  ${words}`), key);
  }
});

test("no command is answered with help on stderr, as a mistake", async (t) => {
  for (const argv of [[], ["bench"], ["data"]]) {
    const { exitCode, stdout, stderr } = await run(80, ...argv);
    t.deepEqual([exitCode, stdout], [2, ""]);
    t.regex(stderr, /^Usage: lockstep/);
  }
});

test("the version is that of package.json", async (t) => {
  t.deepEqual(await run(80, "--version"), { exitCode: 0, stdout: "0.1.0\n", stderr: "" });
});

for (const [argv, said] of [
  [["trian"], "lockstep: unknown command 'trian'\n  fix: did you mean train?\n"],
  [["train", "--bacth", "3"], "lockstep: unknown option '--bacth'\n  fix: did you mean --batch?\n"],
  [
    ["train", "--learning-rate", "3"],
    "lockstep: unknown option '--learning-rate'\n  fix: did you mean --lr?\n",
  ],
  [["train", "--lrr", "3"], "lockstep: unknown option '--lrr'\n  fix: did you mean --lr?\n"],
  [
    ["train", "--x", "3"],
    "lockstep: unknown option '--x'\n  fix: `lockstep train --help` explains the words\n",
  ],
  [["eval", "r", "--lr", "3"], "lockstep: unknown option '--lr'\n  fix: --lr belongs to `lockstep train`\n"],
  [["eval", "r", "--rnaks", "3"], "lockstep: unknown option '--rnaks'\n  fix: did you mean --ranks?\n"],
  [
    ["eval", "r", "--learning-rate", "3"],
    "lockstep: unknown option '--learning-rate'\n  fix: `lockstep eval --help` explains the words\n",
  ],
  [["--lr", "3"], "lockstep: unknown option '--lr'\n  fix: --lr belongs to `lockstep train`\n"],
  [["data", "--json"], "lockstep: unknown option '--json'\n  fix: --json belongs to `lockstep data list`\n"],
  [["eval", ""], "lockstep: the argument <run> is empty\n  fix: name a run folder, such as runs/latest\n"],
  [["train", ""], "lockstep: the argument <config.yaml> is empty\n  fix: leave it out, or name a file\n"],
  [["train", "--resume=--none"], "lockstep: cannot read --none: it does not exist"],
  [["go"], "lockstep: unknown command 'go'\n  fix: `lockstep --help` explains the words\n"],
  [["bench", "kernles"], "lockstep: unknown command 'bench kernles'\n  fix: did you mean bench kernels?\n"],
  [["bench", "kernels", "all"], "lockstep: too many arguments for 'kernels'."],
  [
    ["bench", "--json"],
    "lockstep: unknown option '--json'\n  fix: --json belongs to `lockstep bench kernels`\n",
  ],
  [
    ["bench", "kernels", "--shape", "1"],
    "lockstep: unknown option '--shape'\n  fix: did you mean --shapes?\n",
  ],
  [["bench", "kernels", "--filter=nothing"], 'lockstep: --filter "nothing" matches none of the '],
  [
    ["bench", "kernels", "--filter", "--peers"],
    "lockstep: --filter needs a value, found the flag --peers\n  fix: write it as --filter=--peers if you mean it\n",
  ],
  [
    ["bench", "kernels", "--shapes=-1,2,3"],
    "lockstep: --shapes: expected sizes that are integers from 0 to 2147483647, found M = -1\n",
  ],
  [
    ["bench", "kernels", "--shapes", "100000,100000,100000"],
    "bytes (111.8 GiB). 32-bit offsets reach 4.0 GiB",
  ],
  [
    ["bench", "kernels", "--threads", "0"],
    'lockstep: --threads: expected an integer from 1 to 256, found "0"\n  fix: give a value such as --threads 2\n',
  ],
  [
    ["bench", "kernels", "--rounds", "1.5"],
    'lockstep: --rounds: expected an integer from 1 to 10000, found "1.5"\n',
  ],
  [["bench", "kernels", "--svg="], "lockstep: --svg is empty\n"],
  [["bench", "step", "--batch", "0"], "lockstep: --batch: expected an integer of at least 1, found 0\n"],
  [
    ["bench", "step", "--epochs", "1"],
    "lockstep: unknown option '--epochs'\n  fix: --epochs belongs to `lockstep train`\n",
  ],
  [["bench", "step", ""], "lockstep: the argument <config.yaml> is empty\n"],
  [
    ["bench", "allreduce", "--ranks", "1"],
    'lockstep: --ranks: expected an integer from 2 to 256, found "1"\n  fix: give a value such as --ranks 2\n',
  ],
  [
    ["bench", "allreduce", "--transport", "tpc"],
    'lockstep: --transport: expected memory, ipc, tcp or mpi, found "tpc"\n  fix: did you mean ipc?\n',
  ],
  [["bench", "allreduce", "--algorithm", "rign"], ' or all, found "rign"\n  fix: did you mean ring?\n'],
  [
    ["bench", "allreduce", "--algorithm", "shared", "--transport", "tcp"],
    "lockstep: --algorithm shared: ranks share no memory over tcp\n  fix: give --transport memory, or one of ring,",
  ],
  [
    ["bench", "allreduce", "--bytes", "1024,1026"],
    'lockstep: --bytes: expected multiples of 4 (a float) from 4 to 1073741824, between commas, found "1026"\n',
  ],
  [
    ["bench", "allreduce", "--bytes="],
    'between commas, found ""\n  fix: give sizes such as --bytes 1024,1048576\n',
  ],
  [
    ["bench", "allreduce", "--bytes", "1073741824", "--ranks", "4"],
    "lockstep: 1073741824 bytes on 4 ranks by shared need 5.0 GiB. 32-bit offsets reach 4.0 GiB",
  ],
  [
    ["bench", "allreduce", "--transport", "mpi"],
    "lockstep: --transport mpi: mpirun did not start this process\n  fix: mpirun -n 2 --bind-to none npx lockstep bench allreduce",
  ],
  [
    ["bench", "allreduce", "--mpi"],
    "lockstep: --mpi: mpirun did not start this process\n  fix: mpirun -n 2 ",
  ],
  [
    ["bench", "allreduce", "--security", "on"],
    'lockstep: --security: expected auth, encrypt or off, found "on"\n',
  ],
  [["bench", "allreduce", "--sums", "both"], 'lockstep: --sums: expected main or rank, found "both"\n'],
  [["bench", "allreduce", "--ranks", "--json"], "lockstep: --ranks needs a value, found the flag --json\n"],
  [["data", "foo"], "lockstep: unknown command 'data foo'\n  fix: known: `lockstep data list`\n"],
  [
    ["train", "--batch"],
    "lockstep: option '--batch <n>' argument missing\n  fix: `lockstep train --help` explains the words\n",
  ],
  [
    ["train", "--dataset", "--json"],
    "lockstep: --dataset needs a value, found the flag --json\n  fix: write it as --dataset=--json if you mean it\n",
  ],
  [
    ["train", "a.yaml", "b.yaml"],
    "lockstep: too many arguments for 'train'. Expected 1 argument but got 2.\n  fix: `lockstep train --help` explains the words\n",
  ],
  [["eval"], "lockstep: missing required argument 'run'\n  fix: `lockstep eval --help` explains the words\n"],
  [
    ["train", "--batch", "0"],
    "lockstep: --batch: expected an integer of at least 1, found 0\n  fix: give a value such as --batch 64\n",
  ],
  [
    ["train", "--ranks", "-1"],
    "lockstep: --ranks: expected an integer from 1 to 256, found -1\n  fix: give a value such as --ranks 2\n",
  ],
  [
    ["train", "--lr", "nan"],
    "lockstep: --lr: expected a number above 0 (and within the range of f32), found NaN\n  fix: give a value such as --lr 0.1\n",
  ],
  [
    ["train", "--seed", "0x10"],
    'lockstep: --seed: expected an integer of at least 0, found "0x10"\n  fix: give a value such as --seed 1\n',
  ],
  [
    ["train", "--allreduce", "ring"],
    "adds in an order that depends on the layout, and --numerics is exact\n  fix: add --numerics fast, or use --allreduce exchange, sharded, ordered",
  ],
  [
    ["train", "--trace-steps", "120:100"],
    'lockstep: --trace-steps: expected steps such as 100:120, at most 1000 of them, found "120:100"\n  fix: give a value such as --trace-steps 100:120\n',
  ],
  [
    ["plan", "--help"],
    "lockstep: plan is not supported yet\n  fix: name a layout, such as `lockstep train --layout dp=2,tp=1,pp=2`; plan.json in the run folder says what came of it\n",
  ],
  [
    ["data", "get", "cifar10"],
    "lockstep: data get is not supported yet\n  fix: `lockstep data list` shows what is here, and how to get the rest\n",
  ],
  [["train", "--dataset", "mnits"], 'lockstep: unknown data set "mnits"; did you mean "mnist"?\n'],
  [["train", "--model", "mpl"], "lockstep: mpl is not a model\n  fix: did you mean mlp?\n"],
  [["train", "--model", "./none.js"], "/none.js does not exist\n  fix: check the path, or use --model mlp\n"],
  [["train", "missing.yaml"], "lockstep: cannot read missing.yaml: it does not exist"],
  [["train", "--resume", "nowhere"], "lockstep: cannot read nowhere: it does not exist"],
  [["eval", "nowhere"], "lockstep: cannot read nowhere: it does not exist"],
] as const) {
  test(`\`lockstep ${argv.join(" ")}\` is bad input, and said so with the fix`, async (t) => {
    const { exitCode, stdout, stderr } = await run(80, ...argv);
    const json = argv.includes("--json" as never);
    t.deepEqual([exitCode, json ? "" : stdout], [2, ""]);
    t.true(stderr.includes(said), stderr);
  });
}

test("with --json also a misspelt flag ends in the failure's object, and nothing else", async (t) => {
  const { exitCode, stdout } = await run(80, "train", "--bacth", "1", "--json");
  t.is(exitCode, 2);
  t.deepEqual(JSON.parse(stdout), {
    status: "failed",
    error: { code: "unknown-option", message: "unknown option '--bacth'", fix: "did you mean --batch?" },
  });
});
