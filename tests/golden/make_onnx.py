"""Writes the networks in tests/data/onnx/, exported by PyTorch, and what they compute, tests/data/golden/onnx.txt.

Run from anywhere, with PyTorch 1.13 (Debian 12: python3-torch); ONNX's own package is not needed:

    python3 tests/golden/make_onnx.py            all networks
    python3 tests/golden/make_onnx.py --list     the names

Files and numbers depend on nothing but this script and PyTorch, and are part of the repository. To add a network,
write a function that returns a Case and decorate it with @network; its name becomes the file's.

Of each network NAME the golden file has, with samples as columns,
    NAME.x       inputs that are exact in single precision
    NAME.y       outputs in the precision of the file
    NAME.y64     outputs in float64 of the very weights in the file
    NAME.J       the Jacobian at the first sample, in float64
    NAME.exact   1 where the graph computes the same as the network but for rounding in float64; 0 where the export
                 itself rounded numbers to single precision: layers that it folds, attributes such as 0.01
"""

import argparse
import contextlib
import dataclasses
import io
import pathlib
import warnings
import zlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from make_golden import Golden

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "onnx"
SAMPLES = 3
NETWORKS = {}


@dataclasses.dataclass
class Case:
    """A network, the shape of one sample, and how it is exported."""

    f: nn.Module
    shape: tuple
    opset: int = 13
    batch: int = 0  # samples in the file; 0 leaves their number open
    exact: bool = True
    double: bool = False
    fold: bool = False  # PyTorch's own folding of batch normalizations into convolutions, in single precision
    outputs: tuple = ("y",)


def network(function):
    NETWORKS[function.__name__] = function
    return function


class Apply(nn.Module):
    """A module from a function of (module, x), with named parts."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


def conv(i, o, **options):
    return nn.Conv2d(i, o, **{"kernel_size": 3, "padding": 1, **options})


@network
def mlp_relu():
    return Case(nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, 16),
                              nn.ReLU(), nn.Linear(16, 12)), (12,))


@network
def mlp_tanh_batch_norm():
    return Case(nn.Sequential(nn.Linear(10, 14), nn.BatchNorm1d(14), nn.Tanh(), nn.Linear(14, 5), nn.BatchNorm1d(5),
                              nn.Tanh(), nn.Linear(5, 10)), (10,))


@network
def mlp_leaky_deep():
    layers = []
    for k in range(12):
        layers += [nn.Linear(9 if k == 0 else 11, 11), nn.LeakyReLU(0.125)]
    return Case(nn.Sequential(*layers, nn.Linear(11, 9)), (9,))


@network
def mlp_leaky_default():
    return Case(nn.Sequential(nn.Linear(7, 9), nn.LeakyReLU(), nn.Linear(9, 7), nn.ELU(0.3)), (7,), exact=False)


@network
def mlp_fixed_batch_1():
    return Case(nn.Sequential(nn.Linear(6, 3), nn.Sigmoid(), nn.Linear(3, 6)), (6,), batch=1)


@network
def mlp_double():
    return Case(nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 5), nn.Softplus(), nn.Linear(5, 8),
                              nn.Softsign()), (8,), double=True)


@network
def mlp_no_bias():
    return Case(nn.Sequential(nn.Linear(8, 5, bias=False), nn.Tanh(), nn.Linear(5, 8, bias=False), nn.Hardtanh()),
                (8,))


@network
def residual_mlp():
    def run(m, x):
        h = x + m.b(torch.relu(m.a(x)))
        h = h + m.d(torch.relu(m.c(h)))
        return m.out(torch.relu(m.e(h)) + m.project(h))

    return Case(Apply(run, a=nn.Linear(8, 12), b=nn.Linear(12, 8), c=nn.Linear(8, 6), d=nn.Linear(6, 8),
                      e=nn.Linear(8, 5), project=nn.Linear(8, 5, bias=False), out=nn.Linear(5, 8)), (8,))


@network
def tied_weights():
    def run(m, x):
        return F.linear(torch.tanh(F.linear(x, m.W, m.b)), m.W.t(), m.c)

    return Case(Apply(run, W=nn.Parameter(torch.randn(5, 9)), b=nn.Parameter(torch.randn(5)),
                      c=nn.Parameter(torch.randn(9))), (9,))


@network
def matmul_and_add():
    def run(m, x):
        return torch.sigmoid(x @ m.A + m.a) @ m.A.t() - 0.5 * m.a.sum()

    return Case(Apply(run, A=nn.Parameter(torch.randn(6, 4)), a=nn.Parameter(torch.randn(4))), (6,))


@network
def two_outputs():
    def run(m, x):
        code = torch.tanh(m.encoder(x))
        return m.decoder(code), code

    return Case(Apply(run, encoder=nn.Linear(7, 2), decoder=nn.Linear(2, 7)), (7,), outputs=("y", "code"))


@network
def conv_stride():
    return Case(nn.Sequential(conv(1, 4, stride=2), nn.ReLU(), conv(4, 6, stride=2), nn.ReLU(),
                              nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1), nn.ReLU(),
                              nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=(0, 1)),
                              nn.Sigmoid()), (1, 5, 6))


@network
def conv_grouped_dilated():
    return Case(nn.Sequential(nn.Conv2d(2, 6, (3, 1), padding=(2, 1), dilation=(2, 1), groups=2), nn.Tanh(),
                              nn.ConvTranspose2d(6, 4, (2, 3), stride=(1, 2), padding=(0, 1), groups=2), nn.Tanh(),
                              nn.Conv2d(4, 4, 3, groups=4, padding=1), nn.Conv2d(4, 2, 1)), (2, 3, 4), opset=11)


@network
def max_pool_upsample():
    return Case(nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 3), nn.ReLU(),
                              nn.Upsample(scale_factor=2, mode="nearest"), conv(3, 1)), (1, 4, 6))


@network
def average_pools():
    return Case(nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv(2, 3), nn.Tanh(),
                              nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False), nn.Flatten(),
                              nn.Linear(18, 30)), (2, 3, 5))


@network
def upsample_corners():
    return Case(nn.Sequential(conv(1, 3, stride=2), nn.Tanh(),
                              nn.Upsample(size=(5, 6), mode="bilinear", align_corners=True), conv(3, 1)), (1, 5, 6))


@network
def upsample_half_pixel():
    return Case(nn.Sequential(conv(1, 3, stride=2), nn.Tanh(),
                              nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), conv(3, 1)),
                (1, 4, 6))


@network
def upsample_cubic():
    return Case(nn.Sequential(conv(1, 2, stride=2), nn.Tanh(),
                              nn.Upsample(scale_factor=2, mode="bicubic", align_corners=False)), (1, 4, 6))


@network
def interpolate_opset_9():
    def run(m, x):
        return m.out(F.interpolate(torch.relu(m.into(x)), scale_factor=2, mode="nearest"))

    return Case(Apply(run, into=conv(1, 3, stride=2), out=conv(3, 1)), (1, 4, 4), opset=9)


@network
def interpolate_opset_16():
    def run(m, x):
        h = torch.relu(m.into(x))
        return m.out(F.interpolate(h, size=x.shape[2:], mode="nearest"))

    return Case(Apply(run, into=conv(1, 3, stride=2), out=conv(3, 1)), (1, 5, 6), opset=16)


@network
def u_net():
    def block(i, o):
        return nn.Sequential(conv(i, o, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def run(m, x):
        a = m.down1(x)
        b = m.down2(F.max_pool2d(a, 2))
        c = m.bottom(F.max_pool2d(b, 2))
        b = m.side2(torch.cat([m.up2(c), b], 1))
        return m.out(m.side1(torch.cat([m.up1(b), a], 1)))

    return Case(Apply(run, down1=block(1, 3), down2=block(3, 4), bottom=block(4, 6),
                      up2=nn.ConvTranspose2d(6, 4, 2, stride=2), side2=block(8, 4),
                      up1=nn.ConvTranspose2d(4, 3, 2, stride=2), side1=block(6, 3), out=nn.Conv2d(3, 1, 1)),
                (1, 4, 8))


@network
def u_net_folded():
    case = u_net()
    return dataclasses.replace(case, fold=True, exact=False, batch=1)


@network
def group_norm():
    return Case(nn.Sequential(conv(2, 4), nn.GroupNorm(2, 4), nn.SiLU(), conv(4, 2)), (2, 3, 4))


@network
def instance_norm():
    return Case(nn.Sequential(conv(2, 3), nn.InstanceNorm2d(3, affine=True), nn.ReLU(), conv(3, 2),
                              nn.InstanceNorm2d(2)), (2, 3, 4))


@network
def layer_norm():
    return Case(nn.Sequential(nn.Linear(8, 10), nn.LayerNorm(10), nn.Tanh(), nn.Linear(10, 8), nn.LayerNorm(8)),
                (8,))


@network
def layer_norm_image():
    return Case(nn.Sequential(conv(2, 2), nn.LayerNorm((2, 3, 4)), nn.SiLU(), conv(2, 2)), (2, 3, 4), double=True)


@network
def activations():
    return Case(nn.Sequential(nn.Linear(8, 8), nn.PReLU(8, 0.25), nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 8),
                              nn.Mish(), nn.Linear(8, 8), nn.ELU(), nn.Linear(8, 8), nn.SELU(), nn.Linear(8, 8),
                              nn.Softplus(), nn.Linear(8, 8), nn.PReLU(), nn.Linear(8, 8), nn.ReLU6(),
                              nn.Linear(8, 8), nn.LogSigmoid()), (8,))


@network
def activations_rounded():
    return Case(nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8), nn.Hardswish(), nn.Linear(8, 8),
                              nn.CELU(0.7), nn.Linear(8, 8), nn.Hardsigmoid(), nn.Linear(8, 8), nn.Softplus(2.5)),
                (8,), opset=14, exact=False)


@network
def prelu_conv():
    return Case(nn.Sequential(conv(1, 3), nn.PReLU(3), conv(3, 1), nn.PReLU()), (1, 3, 4))


@network
def pixel_shuffle():
    return Case(nn.Sequential(nn.PixelUnshuffle(2), conv(4, 3), nn.ReLU(), conv(3, 4), nn.PixelShuffle(2)),
                (1, 4, 6))


@network
def conv1d():
    return Case(nn.Sequential(nn.Conv1d(2, 5, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool1d(2, stride=1),
                              nn.Conv1d(5, 3, 3, padding=1), nn.BatchNorm1d(3), nn.Tanh(),
                              nn.Upsample(scale_factor=2), nn.ConvTranspose1d(3, 2, 3, stride=1, padding=0)),
                (2, 12))


def view_net():
    def run(m, x):
        h = torch.relu(m.into(x))
        h = torch.tanh(m.code(h.view(h.size(0), -1)))
        return m.out(m.back(h).view(-1, 3, 2, 3))

    return Apply(run, into=conv(1, 3, stride=2), code=nn.Linear(18, 4), back=nn.Linear(4, 18),
                 out=nn.ConvTranspose2d(3, 1, 4, stride=2, padding=1))


@network
def view_open_batch():
    return Case(view_net(), (1, 4, 6))


@network
def view_batch_1():
    return Case(view_net(), (1, 4, 6), batch=1)


@network
def view_batch_5():
    return Case(view_net(), (1, 4, 6), batch=5)


@network
def image_as_series():
    def run(m, x):
        h = torch.tanh(m.image(x)).flatten(2)
        h = torch.tanh(m.series(h)).view(-1, 2, 4, 3)
        return m.out(h) + m.side(x.reshape(-1, 1, 2, 6)).reshape(-1, 1, 4, 3)

    return Case(Apply(run, image=conv(1, 3), series=nn.Conv1d(3, 2, 3, padding=1), out=conv(2, 1), side=conv(1, 1)),
                (1, 4, 3))


@network
def flatten_reshape():
    return Case(nn.Sequential(conv(1, 2), nn.ReLU(), nn.Flatten(), nn.Linear(24, 5), nn.ReLU(), nn.Linear(5, 24),
                              Apply(lambda m, x: x.reshape(x.shape[0], 2, 3, 4)), conv(2, 1)), (1, 3, 4), opset=12)


@network
def paddings():
    return Case(nn.Sequential(nn.ReflectionPad2d((1, 2, 2, 1)), nn.Conv2d(1, 2, 3), nn.Tanh(), nn.ReplicationPad2d(1),
                              nn.Conv2d(2, 2, 3), nn.Tanh(), nn.ConstantPad2d((1, 0, 0, 1), 0.5),
                              nn.Conv2d(2, 1, 2), nn.ZeroPad2d((0, -1, 0, -1))), (1, 4, 5))


@network
def padding_modes():
    return Case(nn.Sequential(conv(1, 2, padding_mode="reflect"), nn.Tanh(), conv(2, 2, padding_mode="replicate"),
                              nn.Tanh(), conv(2, 1)), (1, 4, 5))


@network
def softmax_head():
    return Case(nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 6), nn.Softmax(dim=1)), (6,))


@network
def softmax_channels():
    def run(m, x):
        h = m.into(x)
        return m.out(h * torch.softmax(h, 1)) + F.log_softmax(x, -1)

    return Case(Apply(run, into=conv(2, 3), out=conv(3, 2)), (2, 3, 4), opset=11)


@network
def dense_net():
    def run(m, x):
        a = torch.relu(m.a(x))
        b = torch.relu(m.b(torch.cat([x, a], 1)))
        c = torch.relu(m.c(torch.cat([x, a, b], 1)))
        d = torch.tanh(m.d(torch.cat([a, c], 1)) + b)
        return m.out(torch.cat([x, b, d], 1)) - a.mean(1, keepdim=True)

    return Case(Apply(run, a=nn.Linear(6, 5), b=nn.Linear(11, 4), c=nn.Linear(15, 3), d=nn.Linear(8, 4),
                      out=nn.Linear(14, 6)), (6,))


@network
def squeeze_and_excite():
    def run(m, x):
        h = torch.relu(m.into(x))
        gate = torch.relu(m.squeeze(h.mean((2, 3))))
        gate = torch.sigmoid(m.excite(gate)).view(h.size(0), 4, 1, 1)
        return m.out(h * gate)

    return Case(Apply(run, into=conv(1, 4), squeeze=nn.Linear(4, 2), excite=nn.Linear(2, 4), out=conv(4, 1)),
                (1, 4, 5))


@network
def global_pools():
    def run(m, x):
        h = torch.tanh(m.into(x))
        gate = F.adaptive_avg_pool2d(h, 1) + F.adaptive_max_pool2d(h, 1)
        return m.out(h * torch.sigmoid(m.gate(gate)))

    return Case(Apply(run, into=conv(1, 3), gate=nn.Conv2d(3, 3, 1), out=conv(3, 1)), (1, 3, 4))


@network
def gated_linear_units():
    return Case(nn.Sequential(nn.Linear(6, 10), nn.GLU(1), nn.Linear(5, 12), nn.GLU(1)), (6,))


@network
def gated_convolutions():
    def run(m, x):
        a, b = m.into(x).chunk(2, 1)
        p, q, r = torch.split(m.out(torch.tanh(a) * torch.sigmoid(b)), (1, 2, 1), 1)
        return p + q[:, 1:] * r

    return Case(Apply(run, into=conv(1, 6), out=conv(3, 4)), (1, 3, 4))


@network
def coupling():
    def run(m, x):
        a, b = x[:, ::2], x[:, 1::2]
        b = b * torch.exp(torch.tanh(m.scale(a))) + m.shift(a)
        a = a / (1 + m.more(b).abs())
        return torch.stack([b, a], 2).flatten(1)

    return Case(Apply(run, scale=nn.Linear(4, 4), shift=nn.Linear(4, 4), more=nn.Linear(4, 4)), (8,))


@network
def mixer():
    def run(m, x):
        h = x + m.tokens(m.norm1(x).transpose(1, 2)).transpose(1, 2)
        return h + m.channels(m.norm2(h))

    def mlp(n, hidden):
        return nn.Sequential(nn.Linear(n, hidden), nn.SiLU(), nn.Linear(hidden, n))

    return Case(Apply(run, norm1=nn.LayerNorm(4), tokens=mlp(6, 5), norm2=nn.LayerNorm(4), channels=mlp(4, 7)), (6, 4))


@network
def sphere_code():
    def run(m, x):
        return m.decoder(F.normalize(m.encoder(x), dim=1))

    return Case(Apply(run, encoder=nn.Linear(7, 3), decoder=nn.Linear(3, 7)), (7,))


@network
def standardized():
    def run(m, x):
        h = (x - m.mean) / m.deviation
        h = m.out(torch.tanh(m.into(h)))
        return torch.clamp(h * m.deviation + m.mean, -4, 4)

    return Case(Apply(run, mean=nn.Parameter(torch.randn(2, 1, 1)), deviation=nn.Parameter(torch.rand(2, 1, 1) + 0.5),
                      into=conv(2, 3), out=conv(3, 2)), (2, 3, 4))


def randomize(f):
    """Statistics and affine parameters of normalizations that are not 0 and 1; weights that carry signals through
    many layers."""
    for m in f.modules():
        if isinstance(m, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            nn.init.kaiming_normal_(m.weight)
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)):
            for name, p in m.named_parameters():
                nn.init.normal_(p, mean=float(name == "weight"), std=0.5)
        if isinstance(m, nn.PReLU):
            nn.init.normal_(m.weight, std=0.5)


def export(f, case, x, path):
    names = list(case.outputs)
    everything = {} if case.batch else {"dynamic_axes": {n: {0: "batch"} for n in ["x", *names]}}
    training = torch.onnx.TrainingMode.EVAL if case.fold else torch.onnx.TrainingMode.PRESERVE
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(f, x[: case.batch or 2], str(path), opset_version=case.opset, input_names=["x"],
                          output_names=names, training=training, **everything)


def write(name, out):
    torch.manual_seed(zlib.crc32(name.encode()))
    case = NETWORKS[name]()
    f = case.f
    with torch.no_grad():
        randomize(f)
    f.eval()
    x = torch.randn(max(SAMPLES, case.batch), *case.shape)
    if case.double:
        f, x = f.double(), x.double()
    export(f, case, x, FOLDER / f"{name}.onnx")
    x = x[:SAMPLES]
    y = f(x)
    f, x64 = f.double(), x.double()
    first = (lambda v: v[0]) if len(case.outputs) > 1 else (lambda v: v)
    J = torch.autograd.functional.jacobian(lambda v: first(f(v)), x64[:1])
    if not J.abs().max() > 1e-3:
        raise ValueError(f"{name} is constant")
    columns = lambda v: v.reshape(SAMPLES, -1).t()
    for key, value in {"x": x, "y": first(y), "y64": first(f(x64))}.items():
        out.add(f"{name}.{key}", columns(value))
    out.add(f"{name}.J", J.reshape(-1, x64[0].numel()))
    out.add(f"{name}.exact", float(case.exact))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="list the names and stop")
    if parser.parse_args().list:
        print("\n".join(NETWORKS))
        return
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    out = Golden()
    for name in NETWORKS:
        write(name, out)
    out.write("onnx", "make_onnx.py")
    print(f"onnx.txt: {len(out.names)} arrays of {len(NETWORKS)} networks")


if __name__ == "__main__":
    main()
