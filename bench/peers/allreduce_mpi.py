"""The installed MPI's allreduce, by size: float32, numpy arrays, from one buffer to another; calls back to back.

    mpirun -n 2 python3 bench/peers/allreduce_mpi.py                       shared memory
    mpirun -n 2 --mca btl tcp,self python3 bench/peers/allreduce_mpi.py    TCP
"""
import time

import numpy
from mpi4py import MPI

BYTES = [1024, 65536, 2**20, 2**22, 2**24]

world = MPI.COMM_WORLD
for size in BYTES:
    values, sums = numpy.ones(size // 4, numpy.float32), numpy.empty(size // 4, numpy.float32)
    calls = min(3000, max(20, 400_000_000 // size))
    for _ in range(5):
        world.Allreduce(values, sums)
    world.Barrier()
    start = time.perf_counter()
    for _ in range(calls):
        world.Allreduce(values, sums)
    us = 1e6 * (time.perf_counter() - start) / calls
    if world.rank == 0:
        busbw = size * 2 * (world.size - 1) / world.size / us / 1e3
        print(f"mpi {world.size} ranks {size} B mean {us:.1f} us busbw {busbw:.2f} GB/s", flush=True)
