import test from "ava";
import { loadMpi, type MpiLibrary, mpiWorld } from "../../src/bench/mpi.ts";

test("who started this process shows in its environment; nobody did where there is neither", (t) => {
  t.is(mpiWorld({ OMPI_COMM_WORLD_SIZE: "4" })?.size, 4);
  t.is(mpiWorld({ PMI_SIZE: "2", PMI_RANK: "0" })?.size, 2);
  t.is(mpiWorld({ PATH: "/bin" }), null);
});

const dialects = mpiWorld({ PMI_SIZE: "2" })?.dialects ?? [];

test("without koffi MPI is missing, and the fix is to install it", async (t) => {
  t.deepEqual(await loadMpi(dialects, () => Promise.reject(new Error("Cannot find package 'koffi'"))), {
    missing: "the package koffi, which calls it, is not installed",
    fix: "npm install koffi@3",
  });
});

test("without a library MPI is missing, and the libraries are named, the starter's first", async (t) => {
  const tried: string[] = [];
  const foreign = {
    load: (path: string) => {
      tried.push(path);
      throw new Error("cannot open shared object file");
    },
    address: () => 0n,
  };
  t.like(await loadMpi(dialects, () => Promise.resolve(foreign)), {
    missing: "there is no libmpich.so.12 and no libmpi.so.40",
  });
  t.is(tried[0], "libmpich.so.12");
});

test("a call that MPI refuses is told by name", async (t) => {
  const library: MpiLibrary = {
    func: (prototype) => () => (prototype.includes("MPI_Init") ? 13 : 0),
    symbol: () => 0,
  };
  const foreign = { load: () => library, address: () => 0n };
  await t.throwsAsync(
    loadMpi(dialects, () => Promise.resolve(foreign)),
    { message: "MPI_Init returned 13" },
  );
});
