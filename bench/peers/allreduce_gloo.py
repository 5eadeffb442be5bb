"""PyTorch's allreduce over Gloo (TCP on this machine), by size: two processes, float32, in place.

    OMP_NUM_THREADS=1 python3 bench/peers/allreduce_gloo.py
"""
import os
import statistics
import time

import torch
import torch.distributed
import torch.multiprocessing

BYTES = [1024, 65536, 2**20, 2**22, 2**24]
SECONDS = 0.4


def rank(index, ranks):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=index, world_size=ranks)
    for size in BYTES:
        values = torch.zeros(size // 4)
        for _ in range(5):
            torch.distributed.all_reduce(values)
        torch.distributed.barrier()
        start = time.perf_counter()
        torch.distributed.all_reduce(values)
        calls = torch.tensor([max(15, min(2000, int(SECONDS / (time.perf_counter() - start))))])
        torch.distributed.broadcast(calls, 0)
        took = []
        for _ in range(int(calls)):
            start = time.perf_counter()
            torch.distributed.all_reduce(values)
            took.append(time.perf_counter() - start)
        if index == 0:
            us = 1e6 * statistics.median(took)
            mean = 1e6 * sum(took) / len(took)
            busbw = size * 2 * (ranks - 1) / ranks / us / 1e3
            print(f"gloo {ranks} ranks {size} B median {us:.1f} us mean {mean:.1f} us busbw {busbw:.2f} GB/s", flush=True)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.multiprocessing.spawn(rank, (2,), nprocs=2)
