/**
 * The installed MPI, Open MPI or MPICH, called by koffi. Open MPI's handles are the addresses of things that its library exports,
 * MPICH's (and Intel's, Cray's, MVAPICH's) are numbers of their common ABI: one table each.
 */
import type { ForeignFunctions, MissingPeer } from "./openblas.ts";

interface ForeignMpi extends Omit<ForeignFunctions, "load"> {
  load(path: string, options: { readonly global: boolean; readonly lazy: boolean }): MpiLibrary;
}

export interface MpiLibrary {
  func(prototype: string): (...values: unknown[]) => unknown;
  symbol(name: string): unknown;
}

/**
 * What is started with `mpirun`, and knows who it is. All calls are synchronous, and of all ranks together
 * but where it says otherwise.
 */
export interface Mpi {
  /** "Open MPI 4.1.4" */
  readonly version: string;
  readonly rank: number;
  readonly size: number;
  /** What sums `bytes`/4 floats at byte `from` of all ranks' memory into byte `to`. */
  allreduce(memory: ArrayBuffer, from: number, to: number, bytes: number): () => void;
  /** Rank 0's number. */
  agree(value: number): number;
  /** Rank 0 says that it is there, after long; the others sleep until then, where MPI itself would take their cores. */
  rouse(): void;
  finalize(): void;
}

interface Dialect {
  readonly libraries: readonly string[];
  /** C type of a handle. */
  readonly handle: string;
  handles(library: MpiLibrary): {
    readonly world: unknown;
    readonly float: unknown;
    readonly byte: unknown;
    readonly sum: unknown;
  };
  readonly ignoredStatus: number;
}

const OPEN_MPI: Dialect = {
  libraries: ["libmpi.so.40", "libmpi.40.dylib"],
  handle: "void *",
  handles: (library) => ({
    world: library.symbol("ompi_mpi_comm_world"),
    float: library.symbol("ompi_mpi_float"),
    byte: library.symbol("ompi_mpi_byte"),
    sum: library.symbol("ompi_mpi_op_sum"),
  }),
  ignoredStatus: 0,
};

const MPICH: Dialect = {
  libraries: ["libmpich.so.12", "libmpi.so.12"],
  handle: "int",
  handles: () => ({ world: 0x44000000, float: 0x4c00040a, byte: 0x4c00010d, sum: 0x58000003 }),
  ignoredStatus: 1,
};

/** Whose mpirun started this process, and with how many; null if none did. */
export function mpiWorld(
  environment: Readonly<Record<string, string | undefined>>,
): { readonly size: number; readonly dialects: Dialect[] } | null {
  const { OMPI_COMM_WORLD_SIZE: open, PMI_SIZE: mpich } = environment;
  if (open !== undefined) return { size: Number(open), dialects: [OPEN_MPI, MPICH] };
  return mpich === undefined ? null : { size: Number(mpich), dialects: [MPICH, OPEN_MPI] };
}

async function importKoffi(): Promise<ForeignMpi> {
  const name: string = "koffi";
  return ((await import(name)) as { default: ForeignMpi }).default;
}

/** Begins MPI in this process. Tests give another way to import. */
export async function loadMpi(
  dialects: readonly Dialect[],
  importForeign: () => Promise<ForeignMpi> = importKoffi,
): Promise<Mpi | MissingPeer> {
  let foreign: ForeignMpi;
  try {
    foreign = await importForeign();
  } catch {
    return { missing: "the package koffi, which calls it, is not installed", fix: "npm install koffi@3" };
  }
  for (const dialect of dialects) {
    for (const path of dialect.libraries) {
      const library = tryToLoad(foreign, path);
      if (library !== null) return describe(foreign, library, dialect);
    }
  }
  const names = dialects.map(({ libraries }) => libraries[0]).join(" and no ");
  return {
    missing: `there is no ${names}`,
    fix: "apt-get install openmpi-bin libopenmpi3, or your system's MPI",
  };
}

function tryToLoad(foreign: ForeignMpi, path: string): MpiLibrary | null {
  try {
    // Open MPI's plug-ins look for its symbols among the global ones.
    return foreign.load(path, { global: true, lazy: true });
  } catch {
    return null; // Another name may be there.
  }
}

const ROUSED_TAG = 7;
const NAP_MS = 5;

function describe(foreign: ForeignMpi, library: MpiLibrary, dialect: Dialect): Mpi {
  const { handle, handles, ignoredStatus } = dialect;
  const { world, float, byte, sum } = handles(library);
  const succeeds = (prototype: string) => {
    const call = library.func(`int ${prototype}`);
    return (...values: unknown[]): void => {
      const code = call(...values);
      if (code !== 0) throw new Error(`${prototype.split("(")[0]} returned ${code}`);
    };
  };
  succeeds("MPI_Init(uintptr_t count, uintptr_t words)")(0, 0);
  const cell = new Int32Array(new ArrayBuffer(4096));
  const at = Number(foreign.address(new Uint8Array(cell.buffer)));
  const ask = (name: string) => {
    succeeds(`${name}(${handle} comm, uintptr_t to)`)(world, at);
    return cell[0];
  };
  const [rank, size] = [ask("MPI_Comm_rank"), ask("MPI_Comm_size")];
  const broadcast = succeeds(
    `MPI_Bcast(uintptr_t data, int count, ${handle} type, int root, ${handle} comm)`,
  );
  const all = `uintptr_t from, uintptr_t to, int count, ${handle} type, ${handle} op, ${handle} comm`;
  const allreduce = succeeds(`MPI_Allreduce(${all})`);
  const send = succeeds(
    `MPI_Send(uintptr_t data, int count, ${handle} type, int to, int tag, ${handle} comm)`,
  );
  const probe = succeeds(`MPI_Iprobe(int from, int tag, ${handle} comm, uintptr_t flag, uintptr_t status)`);
  const receive = succeeds(
    `MPI_Recv(uintptr_t data, int count, ${handle} type, int from, int tag, ${handle} comm, uintptr_t status)`,
  );
  return {
    ...{ version: versionOf(foreign, library), rank, size },
    allreduce: (memory, from, to, bytes) => {
      const base = Number(foreign.address(new Uint8Array(memory)));
      return allreduce.bind(null, base + from, base + to, bytes / 4, float, sum, world);
    },
    agree: (value) => {
      cell[0] = value;
      broadcast(at, 4, byte, 0, world);
      return cell[0];
    },
    rouse: () => {
      if (rank === 0) {
        for (let other = 1; other < size; other++) send(at, 0, byte, other, ROUSED_TAG, world);
        return;
      }
      const nap = new Int32Array(new SharedArrayBuffer(4));
      for (cell[0] = 0; ; Atomics.wait(nap, 0, 0, NAP_MS)) {
        probe(0, ROUSED_TAG, world, at, ignoredStatus);
        if (cell[0] !== 0) break;
      }
      receive(at, 0, byte, 0, ROUSED_TAG, world, ignoredStatus);
    },
    finalize: () => succeeds("MPI_Finalize()")(),
  };
}

function versionOf(foreign: ForeignMpi, library: MpiLibrary): string {
  const text = Buffer.alloc(16384); // Longer than either library's text.
  const length = new Int32Array(new ArrayBuffer(4096));
  const addressOf = (bytes: Uint8Array) => Number(foreign.address(bytes));
  library.func("int MPI_Get_library_version(uintptr_t text, uintptr_t length)")(
    addressOf(text),
    addressOf(new Uint8Array(length.buffer)),
  );
  const told = text.toString("latin1", 0, length[0]);
  const [, name, number] = /^(Open MPI|MPICH)\D+([\d.]+)/.exec(told) ?? [];
  return name === undefined ? told.split("\n")[0] : `${name} ${number}`;
}
