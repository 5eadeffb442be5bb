"""PyTorch's allreduce over Gloo (TCP on this machine), by size: two processes, float32, in place. A JSON object a line.

    OMP_NUM_THREADS=1 python3 bench/peers/allreduce_gloo.py [BYTES …]
"""
import json
import os
import statistics
import sys
import time

import torch
import torch.distributed
import torch.multiprocessing

BYTES = [int(word) for word in sys.argv[1:]] or [1024, 65536, 2**20, 2**22, 2**24]
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
            took.append(1e6 * (time.perf_counter() - start))
        if index == 0:
            row = {"bytes": size, "us": statistics.median(took), "meanUs": statistics.mean(took), "minUs": min(took)}
            print(json.dumps(row), flush=True)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.multiprocessing.spawn(rank, (2,), nprocs=2)
