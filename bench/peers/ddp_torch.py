"""PyTorch's DistributedDataParallel over Gloo, two processes of one thread: samples a second of one job, as JSON.

    OMP_NUM_THREADS=1 python3 ddp_torch.py FOLDER --layers 784,128,10 --batch 64 --steps 300

Slices of one tensor in memory, no shuffling, gradients set to none; the batch is over both processes. The second half of the
steps is timed.
"""
import argparse
import json
import os
import time

import numpy
import torch
import torch.distributed as dist
import torch.multiprocessing

PROCESSES = 2


def read(path):
    data = open(path, "rb").read()
    axes = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * axes).reshape(shape)


def work(rank, arguments):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(arguments.port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=PROCESSES)
    images = read(os.path.join(arguments.data, "train-images-idx3-ubyte")).reshape(-1, 784)
    x = torch.from_numpy(images.astype(numpy.float32) / 255)
    y = torch.from_numpy(read(os.path.join(arguments.data, "train-labels-idx1-ubyte")).astype(numpy.int64))
    sizes = [int(size) for size in arguments.layers.split(",")]
    layers = []
    for index in range(len(sizes) - 1):
        layers += [torch.nn.Linear(sizes[index], sizes[index + 1]), torch.nn.ReLU()]
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*layers[:-1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = torch.nn.CrossEntropyLoss()
    share = arguments.batch // PROCESSES
    for half in range(2):
        dist.barrier()
        start = time.time()
        for step in range(arguments.steps // 2):
            first = (step * PROCESSES + rank) * share % 59000
            optimizer.zero_grad(set_to_none=True)
            loss(model(x[first : first + share]), y[first : first + share]).backward()
            optimizer.step()
        seconds = time.time() - start
    if rank == 0:
        rate = arguments.batch * (arguments.steps // 2) / seconds
        print(json.dumps({"samplesPerSecond": rate, "torch": torch.__version__}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", metavar="FOLDER", help="of MNIST's four IDX files")
    parser.add_argument("--layers", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--port", type=int, default=29511)
    torch.multiprocessing.spawn(work, (parser.parse_args(),), nprocs=PROCESSES)
