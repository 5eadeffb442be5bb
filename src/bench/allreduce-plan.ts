/** From words to the allreduces to measure. */
import { MAXIMUM_RANKS } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { ALLREDUCE_NAMES } from "../collective/algorithms.ts";
import { SECURITIES, type Security } from "../transport/seal.ts";
import { type AlgorithmName, type AllreduceCase, TRANSPORTS, type TransportName } from "./allreduce-case.ts";

export const DEFAULT_BYTES = [1024, 65536, 2 ** 20, 2 ** 22, 2 ** 24];
const MOST_BYTES = 2 ** 30;
export const DEFAULT_RANKS = 2;

/** What was given, as text; undefined where nothing was. */
export interface AllreduceWords {
  readonly transport?: string;
  readonly algorithm?: string;
  readonly ranks?: string;
  readonly "ranks-per-process"?: string;
  readonly bytes?: string;
  readonly security?: string;
  readonly sums?: string;
}

/** Algorithms by transport; the first is the default. A library's is its own choice. */
const ALGORITHMS: Readonly<Record<TransportName, readonly AlgorithmName[]>> = {
  memory: ["shared", ...ALLREDUCE_NAMES],
  ipc: ["auto", ...ALLREDUCE_NAMES, "point-to-point"],
  tcp: ["auto", ...ALLREDUCE_NAMES, "point-to-point"],
  mpi: ["library"],
};

export const ALGORITHM_WORDS = ["auto", "shared", ...ALLREDUCE_NAMES, "point-to-point", "all"];

export const SUMMERS = ["main", "rank"] as const;
/** Who sums over links: the main thread, which moves the bytes, or a rank, as in training. */
export type Summer = (typeof SUMMERS)[number];

/** All sizes of each algorithm. `mpiRanks` is how many mpirun started; null without it. Throws InputError. */
export function planAllreduces(words: AllreduceWords, mpiRanks: number | null): AllreduceCase[] {
  const transport = oneOf("transport", words.transport ?? "memory", TRANSPORTS);
  const ranks = ranksOf(words.ranks, transport, mpiRanks);
  const sizes = words.bytes === undefined ? DEFAULT_BYTES : words.bytes.split(",").map(bytesOf);
  const ranksPerProcess = ranksPerProcessOf(words["ranks-per-process"], transport, ranks);
  const isApart = ranksPerProcess === 1;
  return algorithmsOf(words.algorithm, transport, isApart).flatMap((algorithm) =>
    sizes.map((bytes) => ({ transport, algorithm, ranks, ranksPerProcess, bytes })),
  );
}

export const securityOf = (word: string | undefined): Security =>
  oneOf("security", word ?? "auth", SECURITIES);

export const summerOf = (word: string | undefined): Summer => oneOf("sums", word ?? "main", SUMMERS);

/** The sizes of `cases` again, by MPI. */
export function besideMpi(cases: readonly AllreduceCase[], mpiRanks: number): AllreduceCase[] {
  const sizes = [...new Set(cases.map(({ bytes }) => bytes))];
  return sizes.map((bytes) => ({
    ...{ transport: "mpi", algorithm: "library", ranks: mpiRanks, ranksPerProcess: 1, bytes },
  }));
}

function oneOf<Name extends string>(flag: string, word: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === word);
  if (found !== undefined) return found;
  const near = nearest(word, names);
  throw new InputError(
    "bad-value",
    `--${flag}: expected ${names.slice(0, -1).join(", ")} or ${names.at(-1)}, found ${JSON.stringify(word)}`,
    near === null ? `give one of them, such as --${flag} ${names[0]}` : `did you mean ${near}?`,
  );
}

/** `isApart`: each rank is a process. */
function algorithmsOf(
  word: string | undefined,
  transport: TransportName,
  isApart: boolean,
): readonly AlgorithmName[] {
  const known = ALGORITHMS[transport];
  if (word === undefined) return [known[0]];
  if (transport === "mpi") {
    throw new InputError(
      "bad-value",
      `--algorithm ${word}: MPI takes the algorithm of its own choice`,
      "leave --algorithm out, or measure ours with --transport memory, ipc or tcp",
    );
  }
  const names = word.split(",").map((name) => oneOf("algorithm", name, ALGORITHM_WORDS));
  if (names.includes("all"))
    return known.filter((name) => name !== "auto" && (isApart || name !== "point-to-point"));
  if (names.includes("auto") && transport === "memory") return [known[0]];
  if (names.includes("shared") && transport !== "memory") {
    throw new InputError(
      "bad-value",
      `--algorithm shared: ranks share no memory over ${transport}`,
      `give --transport memory, or one of ${ALLREDUCE_NAMES.join(", ")}`,
    );
  }
  if (names.includes("point-to-point") && transport === "memory") {
    throw new InputError(
      "bad-value",
      "--algorithm point-to-point: it is of links, and threads have none",
      "give --transport ipc or tcp",
    );
  }
  if (names.includes("point-to-point") && !isApart) {
    throw new InputError(
      "bad-value",
      "--algorithm point-to-point: it is of links, and the ranks of a process have none",
      "leave --ranks-per-process out",
    );
  }
  return [...new Set(names)] as AlgorithmName[];
}

function ranksOf(word: string | undefined, transport: TransportName, mpiRanks: number | null): number {
  const ranks = word !== undefined && /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  if (word !== undefined && !(ranks >= 2 && ranks <= MAXIMUM_RANKS)) {
    throw new InputError(
      "bad-value",
      `--ranks: expected an integer from 2 to ${MAXIMUM_RANKS}, found ${JSON.stringify(word)}`,
      `give a value such as --ranks ${DEFAULT_RANKS}`,
    );
  }
  if (transport !== "mpi") return word === undefined ? DEFAULT_RANKS : ranks;
  if (mpiRanks === null || mpiRanks < 2) {
    throw new InputError(
      "not-under-mpirun",
      `--transport mpi: ${mpiRanks === null ? "mpirun did not start this process" : "mpirun started one rank"}`,
      "mpirun -n 2 --bind-to none npx lockstep bench allreduce --transport mpi",
    );
  }
  if (word !== undefined && ranks !== mpiRanks) {
    throw new InputError(
      "bad-value",
      `--ranks ${word}: mpirun started ${mpiRanks} ranks`,
      "leave --ranks out; mpirun -n sets it",
    );
  }
  return mpiRanks;
}

/** Throws an InputError where there would be no process, or one. */
function ranksPerProcessOf(word: string | undefined, transport: TransportName, ranks: number): number {
  if (transport === "memory" || transport === "mpi") {
    if (word === undefined) return transport === "memory" ? ranks : 1;
    throw new InputError(
      "bad-value",
      `--ranks-per-process ${word}: ${transport === "memory" ? "the ranks are threads of one process" : "mpirun starts a process for each rank"}`,
      "give --transport ipc or tcp, or leave it out",
    );
  }
  if (word === undefined) return 1;
  const many = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  if (many >= 1 && many < ranks) return many;
  const isAll = many >= ranks;
  throw new InputError(
    "bad-value",
    isAll
      ? `--ranks-per-process ${word}: ${ranks} ranks are one process then, and nothing goes over ${transport}`
      : `--ranks-per-process: expected an integer from 1, found ${JSON.stringify(word)}`,
    isAll ? "give more --ranks, or --transport memory" : "give a value such as --ranks-per-process 2",
  );
}

function bytesOf(word: string): number {
  const bytes = /^\d{1,12}$/.test(word.trim()) ? Number(word) : Number.NaN;
  if (bytes >= 4 && bytes <= MOST_BYTES && bytes % 4 === 0) return bytes;
  throw new InputError(
    "bad-value",
    `--bytes: expected multiples of 4 (a float) from 4 to ${MOST_BYTES}, between commas, found ${JSON.stringify(word)}`,
    "give sizes such as --bytes 1024,1048576",
  );
}
