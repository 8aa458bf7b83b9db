#!/usr/bin/env python3
"""Writes tests/data/onnx/memorizing.*: an autoencoder that memorizes its twelve digits, those digits, and what PyTorch
computes of both. tests/analyze runs `analyze` on them. Needs PyTorch (1.13) and NumPy.

    python3 tests/golden/make_analyze_model.py
"""
import gzip
import json
import pathlib

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "data" / "onnx"
EXAMPLES = 12


def digits():
    """The first digits of 8 x 8 pixels of the embedded ones, (n, 1, 8, 8), from 0 to 1."""
    raw = gzip.open(ROOT / "examples" / "data" / "digits8x8-500-images-idx3-ubyte.gz").read()
    images = numpy.frombuffer(raw, numpy.uint8, offset=16).reshape(-1, 1, 8, 8)
    return torch.tensor(images[:EXAMPLES].astype(numpy.float32) / 16)  # bytes from 0 to 16


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        hidden = [layer for _ in range(4) for layer in (nn.Linear(64, 64), nn.LeakyReLU())]
        self.layers = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 64))

    def forward(self, x):
        return self.layers(x).reshape(-1, 1, 8, 8)


def train(net, x, epochs=20000, noise=0.3):
    """With noise on the inputs, so that the digits attract what is near them."""
    adam = torch.optim.Adam(net.parameters(), 2e-3)
    slower = torch.optim.lr_scheduler.ExponentialLR(adam, 0.9997)
    for _ in range(epochs):
        adam.zero_grad()
        loss = ((net(x + noise * torch.randn(x.shape)) - x) ** 2).mean()
        loss.backward()
        adam.step()
        slower.step()


def main():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    x, net = digits(), Network()
    train(net, x)
    net.eval()
    OUT.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(net, x[:1], OUT / "memorizing.onnx", input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
    numpy.save(OUT / "memorizing.npy", x.numpy())
    net = net.double()
    with torch.no_grad():
        errors = ((net(x.double()) - x.double()) ** 2).mean(dim=(1, 2, 3))
    expected = {"mean_square_error": errors.mean().item(), "of_sample": errors.tolist(),
                "parameters": sum(p.numel() for p in net.parameters())}
    (OUT / "memorizing.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
