"""The installed MPI's allreduce, by size: float32, numpy arrays, from one buffer to another; calls back to back. JSON, a line a size.

    mpirun -n 2 --bind-to none python3 bench/peers/allreduce_mpi.py                       shared memory
    mpirun -n 2 --bind-to none --mca btl tcp,self python3 bench/peers/allreduce_mpi.py    TCP
"""
import json
import statistics
import sys
import time

import numpy
from mpi4py import MPI

BYTES = [int(word) for word in sys.argv[1:]] or [1024, 65536, 2**20, 2**22, 2**24]
SAMPLE_SECONDS = 2e-4
SAMPLES = 300

world = MPI.COMM_WORLD


def sample(values, sums, calls):
    """Microseconds of a call."""
    start = time.perf_counter()
    for _ in range(calls):
        world.Allreduce(values, sums)
    return 1e6 * (time.perf_counter() - start) / calls


for size in BYTES:
    values, sums = numpy.ones(size // 4, numpy.float32), numpy.empty(size // 4, numpy.float32)
    warm = sample(values, sums, 20)
    calls = world.bcast(max(1, round(1e6 * SAMPLE_SECONDS / warm)))
    samples = world.bcast(max(15, min(SAMPLES, round(0.3e6 / (warm * calls)))))
    took = [sample(values, sums, calls) for _ in range(samples)]
    if world.rank == 0:
        row = {"bytes": size, "us": statistics.median(took), "meanUs": statistics.mean(took), "minUs": min(took)}
        print(json.dumps(row), flush=True)
