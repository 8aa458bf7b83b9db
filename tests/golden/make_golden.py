"""Writes the golden numbers in tests/data/golden/, computed by PyTorch in float64, that the tests compare basin with.

Run from anywhere, with PyTorch 1.13 (Debian 12: python3-torch):

    python3 tests/golden/make_golden.py            all files
    python3 tests/golden/make_golden.py losses     only losses.txt
    python3 tests/golden/make_golden.py --list     the names

The numbers depend on nothing but this script and PyTorch; the files are part of the repository, so that the tests
need neither. To add a file, write a function that takes a Golden and decorate it with @golden; its name becomes the
file's. The format is read by tests/support/golden.hpp: for each array a line "name rows cols", then its rows, one
a line, with 17 significant digits; lines that begin with # are comments.
"""

import argparse
import pathlib
import sys

import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "golden"
CASES = {}


def golden(function):
    CASES[function.__name__] = function
    return function


class Golden:
    """The arrays of one file, in the order in which they were added."""

    def __init__(self):
        self.lines = []
        self.names = set()

    def add(self, name, array):
        """An array under a name without spaces: a number is 1 x 1, a vector one column; more than two dimensions are
        flattened to (first) x (all others)."""
        array = torch.as_tensor(array, dtype=torch.float64).detach()
        if array.dim() == 0:
            array = array.reshape(1, 1)
        if array.dim() == 1:
            array = array.reshape(-1, 1)
        array = array.reshape(array.shape[0], -1)
        if name in self.names or any(c.isspace() for c in name):
            raise ValueError(f"bad or repeated name {name!r}")
        if not torch.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
        self.names.add(name)
        self.lines.append(f"{name} {array.shape[0]} {array.shape[1]}")
        self.lines += [" ".join(f"{v:.17g}" for v in row) for row in array.tolist()]

    def write(self, case, script="make_golden.py"):
        header = [f"# {case}: written by tests/golden/{script} with PyTorch {torch.__version__}"]
        (FOLDER / f"{case}.txt").write_text("\n".join(header + self.lines) + "\n", encoding="ascii")


def random(seed, *shape):
    """Standard normal numbers that depend on the seed and the shape alone."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@golden
def losses(out):
    y, target = random(1, 4, 5), random(2, 4, 5)  # rows are entries, columns samples
    out.add("y", y)
    out.add("target", target)
    p, share = torch.sigmoid(y), torch.sigmoid(target)
    p[0, 0], share[0, 0], p[1, 0], share[1, 0] = 0, 0, 1, 1  # where logarithms are cut
    share[2, :3] = torch.tensor([0, 1, 1])
    out.add("p", p)
    out.add("share", share)
    for name, (loss, at, goal) in {
        "mean_squared_error": (torch.nn.MSELoss(), y, target),
        "half_sum_of_squares": (lambda a, b: 0.5 * torch.nn.MSELoss(reduction="sum")(a, b), y, target),
        "mean_absolute_error": (torch.nn.L1Loss(), y, target),
        "huber": (torch.nn.HuberLoss(), y, target),
        "huber_0.3": (torch.nn.HuberLoss(delta=0.3), y, target),
        "bce": (torch.nn.BCELoss(), p, share),
        "bce_with_logits": (torch.nn.BCEWithLogitsLoss(), 8 * y, share),
    }.items():
        leaf = at.clone().requires_grad_()
        value = loss(leaf, goal)
        value.backward()
        out.add(f"{name}.value", value)
        out.add(f"{name}.y_bar", leaf.grad)


STEPS, PARAMETERS = 12, 7

SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSPROP, ADAGRAD = torch.optim.RMSprop, torch.optim.Adagrad
OPTIMIZERS = {
    "sgd": (SGD, dict(lr=0.1)),
    "sgd_decay": (SGD, dict(lr=0.1, weight_decay=0.05)),
    "sgd_momentum": (SGD, dict(lr=0.05, momentum=0.9)),
    "sgd_momentum_dampening": (SGD, dict(lr=0.05, momentum=0.9, dampening=0.3)),
    "sgd_nesterov": (SGD, dict(lr=0.05, momentum=0.8, nesterov=True)),
    "sgd_nesterov_decay": (SGD, dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.02)),
    "sgd_momentum_dampening_decay": (SGD, dict(lr=0.05, momentum=0.5, dampening=0.1, weight_decay=0.02)),
    "adam": (ADAM, dict(lr=0.01)),
    "adam_betas": (ADAM, dict(lr=0.02, betas=(0.5, 0.9), eps=1e-3)),
    "adam_decay": (ADAM, dict(lr=0.01, weight_decay=0.1)),
    "adam_amsgrad": (ADAM, dict(lr=0.01, betas=(0.9, 0.6), amsgrad=True)),
    "adam_amsgrad_decay": (ADAM, dict(lr=0.01, betas=(0.9, 0.6), amsgrad=True, weight_decay=0.1)),
    "adamw": (ADAMW, dict(lr=0.01)),
    "adamw_decay": (ADAMW, dict(lr=0.02, weight_decay=0.3)),
    "adamw_amsgrad": (ADAMW, dict(lr=0.02, betas=(0.8, 0.5), weight_decay=0.2, amsgrad=True)),
    "rmsprop": (RMSPROP, dict(lr=0.01)),
    "rmsprop_alpha_decay": (RMSPROP, dict(lr=0.02, alpha=0.7, eps=1e-4, weight_decay=0.1)),
    "rmsprop_centered": (RMSPROP, dict(lr=0.01, alpha=0.9, centered=True)),
    "rmsprop_momentum": (RMSPROP, dict(lr=0.01, momentum=0.9)),
    "rmsprop_centered_momentum_decay": (
        RMSPROP,
        dict(lr=0.01, alpha=0.8, centered=True, momentum=0.5, weight_decay=0.05),
    ),
    "adagrad": (ADAGRAD, dict(lr=0.1)),
    "adagrad_lr_decay": (ADAGRAD, dict(lr=0.1, lr_decay=0.2, initial_accumulator_value=0.5, eps=1e-6)),
    "adagrad_decay": (ADAGRAD, dict(lr=0.1, lr_decay=0.05, weight_decay=0.1)),
}


def schedulers(opt):
    """Name to a function that makes the scheduler of an optimizer."""
    lr = torch.optim.lr_scheduler
    rate = opt.param_groups[0]["lr"]
    return {
        "step": lambda: lr.StepLR(opt, step_size=3, gamma=0.5),
        "exponential": lambda: lr.ExponentialLR(opt, gamma=0.9),
        "cosine": lambda: lr.CosineAnnealingLR(opt, T_max=8, eta_min=0.1 * rate),
        "warm_up": lambda: lr.LinearLR(opt, start_factor=0.25, total_iters=4),
        "warm_up_then_exponential": lambda: lr.SequentialLR(
            opt,
            [lr.LinearLR(opt, start_factor=1 / 3, total_iters=5), lr.ExponentialLR(opt, gamma=0.8)],
            milestones=[5],
        ),
    }


def gradients():
    """STEPS columns of fixed gradients, of scales from 1e-3 to 30, with one parameter whose gradient is often 0."""
    g = random(4, PARAMETERS, STEPS) * torch.logspace(-3, 1.5, PARAMETERS, dtype=torch.float64).reshape(-1, 1)
    g[3, ::3] = 0
    return g


def run(theta0, gradient, make_optimizer, schedule=None):
    """theta after each step (columns), and the factor on the learning rate in each."""
    theta = theta0.clone().requires_grad_()
    opt = make_optimizer([theta])
    rate = opt.param_groups[0]["lr"]
    scheduler = schedulers(opt)[schedule]() if schedule else None
    path, factors = [], []
    for g in gradient.T:
        factors.append(opt.param_groups[0]["lr"] / rate)
        theta.grad = g.clone()
        opt.step()
        if scheduler:
            scheduler.step()
        path.append(theta.detach().clone())
    return torch.stack(path, dim=1), factors


@golden
def optimizers(out):
    theta0, gradient = random(3, PARAMETERS), gradients()
    out.add("theta0", theta0)
    out.add("gradients", gradient)
    for name, (kind, options) in OPTIMIZERS.items():
        out.add(name, run(theta0, gradient, lambda p: kind(p, **options))[0])
    for schedule in ("step", "cosine", "warm_up_then_exponential"):
        for name in ("sgd_momentum", "adam_decay", "adamw_decay", "rmsprop_momentum", "adagrad_lr_decay"):
            kind, options = OPTIMIZERS[name]
            out.add(f"{name}+{schedule}", run(theta0, gradient, lambda p: kind(p, **options), schedule)[0])


@golden
def schedules(out):
    epochs = 40
    for schedule in schedulers(SGD([torch.zeros(1)], lr=0.5)):
        factors = run(torch.zeros(1), torch.zeros(1, epochs), lambda p: SGD(p, lr=0.5), schedule)[1]
        out.add(schedule, factors)


@golden
def clipping(out):
    gradient = random(5, 9)
    out.add("gradient", gradient)
    for bound in (0.1, 1.0, 100.0):
        for name, clip in {
            "norm": torch.nn.utils.clip_grad_norm_,
            "value": torch.nn.utils.clip_grad_value_,
        }.items():
            theta = torch.zeros(9, dtype=torch.float64, requires_grad=True)
            theta.grad = gradient.clone()
            clip(theta, bound)
            out.add(f"{name}_{bound:g}", theta.grad)


NN = torch.nn


class Residual(NN.Module):
    """x + f(x)."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return x + self.f(x)


class Concat(NN.Module):
    """[x; f(x)] along the channels."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return torch.cat([x, self.f(x)], dim=1)


def networks_by_name():
    """Name to (network, shape of one input, optimizer with its options). tests/compose/test_golden_networks.cpp has
    the same networks."""
    linear, conv, seq = NN.Linear, NN.Conv2d, NN.Sequential
    return {
        "dense_tanh": (seq(linear(5, 7), NN.Tanh(), linear(7, 5)), (5,), ADAM, dict(lr=0.01)),
        "deep_leaky": (
            seq(*[m for k in range(6) for m in (linear(4 if k == 0 else 6, 6), NN.LeakyReLU(0.2))], linear(6, 4)),
            (4,),
            SGD,
            dict(lr=0.1, momentum=0.9),
        ),
        "without_bias": (
            seq(linear(5, 8, bias=False), NN.Sigmoid(), linear(8, 8, bias=False), NN.Softplus(), linear(8, 3)),
            (5,),
            RMSPROP,
            dict(lr=0.01),
        ),
        "gates": (
            seq(linear(4, 6), NN.GELU(), linear(6, 6), NN.SiLU(), linear(6, 6), NN.Mish(), linear(6, 6),
                NN.GELU(approximate="tanh"), linear(6, 4)),
            (4,),
            ADAMW,
            dict(lr=0.01),
        ),
        "bends": (
            seq(linear(4, 6), NN.ELU(), linear(6, 6), NN.SELU(), linear(6, 6), NN.Softsign(), linear(6, 6), NN.Hardtanh(),
                linear(6, 6), NN.ReLU(), linear(6, 4)),
            (4,),
            ADAGRAD,
            dict(lr=0.05),
        ),
        "convolution": (
            seq(NN.ZeroPad2d((2, 1, 1, 0)), conv(4, 6, (3, 2), stride=(2, 1), dilation=(1, 2), groups=2)),
            (4, 7, 6),
            ADAM,
            dict(lr=0.01, amsgrad=True),
        ),
        "conv_autoencoder": (
            seq(conv(1, 4, 3, stride=2, padding=1), NN.LeakyReLU(), conv(4, 5, 3, stride=2, padding=1), NN.LeakyReLU(),
                NN.Upsample(scale_factor=2), conv(5, 4, 3, padding=1), NN.LeakyReLU(), NN.Upsample(scale_factor=2),
                conv(4, 1, 3, padding=1)),
            (1, 8, 8),
            ADAM,
            dict(lr=0.01),
        ),
        "transposed": (
            seq(conv(2, 4, 3, stride=2, padding=1), NN.Tanh(),
                NN.ConvTranspose2d(4, 2, (3, 4), stride=(2, 2), padding=(1, 1), output_padding=(1, 0), groups=2)),
            (2, 6, 6),
            SGD,
            dict(lr=0.1, momentum=0.5, nesterov=True),
        ),
        "u_net": (
            seq(conv(1, 2, 3, padding=1), NN.Tanh(),
                Concat(seq(NN.AvgPool2d(2), conv(2, 3, 3, padding=1), NN.Tanh(), NN.Upsample(scale_factor=2))),
                conv(5, 1, 3, padding=1)),
            (1, 4, 4),
            ADAM,
            dict(lr=0.01),
        ),
        "pooling": (
            seq(NN.ReflectionPad2d((2, 1, 1, 2)), conv(2, 3, 3), NN.ELU(), NN.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 1)),
                NN.ReplicationPad2d((1, 0, 0, 1)), conv(3, 2, 2)),
            (2, 5, 5),
            SGD,
            dict(lr=0.1, weight_decay=0.1),
        ),
        "residual_chain": (
            seq(conv(1, 1, 3, padding=1, bias=False), *[Residual(seq(*[conv(1, 1, 3, padding=1, bias=False) for _ in range(3)]))
                                                        for _ in range(4)]),
            (1, 5, 5),
            ADAM,
            dict(lr=1e-3),
        ),
        "circular": (
            seq(NN.CircularPad2d((1, 1, 2, 0)) if hasattr(NN, "CircularPad2d") else Circular((1, 1, 2, 0)),
                conv(2, 2, 3), NN.SiLU()),
            (2, 4, 5),
            RMSPROP,
            dict(lr=0.01, centered=True, momentum=0.3),
        ),
    }


class Circular(NN.Module):
    def __init__(self, padding):
        super().__init__()
        self.padding = padding

    def forward(self, x):
        return NN.functional.pad(x, self.padding, mode="circular")


def in_our_order(net, tensor_of):
    """One vector theta: for each layer its weight (Linear's column by column), then its bias."""
    parts = []
    for m in net.modules():
        for key in ("weight", "bias"):
            p = getattr(m, key, None)
            if isinstance(p, torch.Tensor):
                t = tensor_of(p)
                parts.append((t.t() if isinstance(m, NN.Linear) and key == "weight" else t).reshape(-1))
    return torch.cat(parts)


def networks_at_a_point(batch):
    """The networks with parameters and a batch of inputs in place of their shape."""
    for k, (name, (net, shape, kind, options)) in enumerate(networks_by_name().items()):
        net.double()
        for j, p in enumerate(net.parameters()):
            p.data = 0.4 * random(1000 * k + j, *p.shape)
        yield name, (net, random(1000 * k + 500, batch, *shape).requires_grad_(), kind, options)


@golden
def contractive(out):
    """mean_i |J(x_i)|_F^2 and its gradient, for the networks, parameters and inputs of networks.txt."""
    batch = 3
    for name, (net, x, *_) in networks_at_a_point(batch):
        J = [torch.autograd.functional.jacobian(lambda z: net(z), x[i : i + 1].detach(), create_graph=True)
             for i in range(batch)]
        penalty = sum((j ** 2).sum() for j in J) / batch
        for p in net.parameters():
            p.grad = torch.zeros_like(p)  # of biases that the Jacobian does not depend on
        penalty.backward()
        out.add(f"{name}.penalty", penalty)
        out.add(f"{name}.theta_bar", in_our_order(net, lambda p: p.grad))


@golden
def networks(out):
    batch, steps = 3, 4
    for k, (name, (net, x, kind, options)) in enumerate(networks_at_a_point(batch)):
        with torch.no_grad():
            target = random(1000 * k + 501, *net(x).shape)
        loss_of = lambda: NN.functional.mse_loss(net(x), target)
        columns = lambda a: a.reshape(batch, -1).t()
        y = net(x)
        loss = NN.functional.mse_loss(y, target)
        loss.backward()
        out.add(f"{name}.theta", in_our_order(net, lambda p: p))
        out.add(f"{name}.x", columns(x))
        out.add(f"{name}.target", columns(target))
        out.add(f"{name}.y", columns(y))
        out.add(f"{name}.loss", loss)
        out.add(f"{name}.x_bar", columns(x.grad))
        out.add(f"{name}.theta_bar", in_our_order(net, lambda p: p.grad))
        opt = kind(net.parameters(), **options)
        for _ in range(steps):
            opt.zero_grad()
            loss_of().backward()
            opt.step()
        out.add(f"{name}.trained", in_our_order(net, lambda p: p))


def maps_by_name():
    """Name to (map, least argument, largest argument). tests/layers/test_golden_maps.cpp has the same maps."""
    f = NN.functional
    return {
        "celu": (f.celu, -6, 6),
        "celu_2.5": (lambda x: f.celu(x, 2.5), -6, 6),
        "hardswish": (f.hardswish, -6, 6),
        "hardsigmoid": (lambda x: f.relu6(x + 3) / 6, -6, 6),  # whose own derivative has a factor in float
        "hardsigmoid_onnx": (lambda x: torch.clamp(0.25 * x + 0.625, 0, 1), -6.1, 5.9),
        "thresholded": (lambda x: f.threshold(x, 1.5, 0), -6, 6),
        "hardshrink": (lambda x: f.hardshrink(x, 1.5), -6, 6),
        "softshrink": (lambda x: f.softshrink(x, 1.5), -6, 6),
        "shrink": (lambda x: torch.where(x.abs() > 1.5, x - 0.25 * x.sign(), torch.zeros_like(x)), -6, 6),
        "leaky_relu_negative": (lambda x: f.leaky_relu(x, -2.5), -6, 6),
        "relu6": (f.relu6, -9, 9),
        "abs": (torch.abs, -6, 6),
        "negate": (torch.neg, -6, 6),
        "exp": (torch.exp, -6, 6),
        "log": (torch.log, 0.001, 6),
        "sqrt": (torch.sqrt, 0.001, 6),
        "reciprocal": (torch.reciprocal, -6.1, 6),
        "square": (torch.square, -6, 6),
        "sin": (torch.sin, -6, 6),
        "cos": (torch.cos, -6, 6),
        "tan": (torch.tan, -6, 6),
        "asin": (torch.asin, -0.99, 0.99),
        "acos": (torch.acos, -0.99, 0.99),
        "atan": (torch.atan, -6, 6),
        "sinh": (torch.sinh, -6, 6),
        "cosh": (torch.cosh, -6, 6),
        "asinh": (torch.asinh, -6, 6),
        "acosh": (torch.acosh, 1.25, 6),
        "atanh": (torch.atanh, -0.99, 0.99),
        "erf": (torch.erf, -6, 6),
        "ceil": (torch.ceil, -6, 6),
        "floor": (torch.floor, -6, 6),
        "round": (torch.round, -6, 6),
        "sign": (torch.sign, -6, 6),
        "power_3": (lambda x: x**3.0, -6, 6),
        "power_-2": (lambda x: x**-2.0, -6.1, 6),
        "power_2.5": (lambda x: x**2.5, 0, 6),
        "power_0": (lambda x: x**0.0, -6, 6),
    }


@golden
def maps(out):
    """Values and derivatives at 25 points, kinks among them."""
    for name, (phi, least, largest) in maps_by_name().items():
        x = torch.linspace(least, largest, 25, dtype=torch.float64).requires_grad_()
        y = phi(x)
        y.sum().backward()
        out.add(f"{name}.x", x)
        out.add(f"{name}.y", y)
        out.add(f"{name}.slope", x.grad)


def layers_by_name():
    """Name to (layer, shape of one input). tests/layers/test_golden_layers.cpp has the same layers."""
    f = NN.functional
    return {
        "pixel_shuffle": (NN.PixelShuffle(2), (8, 3, 2)),
        "pixel_unshuffle": (NN.PixelUnshuffle(3), (2, 6, 3)),
        "transpose": (lambda x: x.transpose(1, 3), (2, 3, 4)),
        "pad_constant": (NN.ConstantPad2d((2, 1, 0, 3), -1.5), (2, 3, 4)),
        "crop": (lambda x: f.pad(x, (-1, -2, -3, 0)), (2, 5, 6)),
        "max_pool_ceil": (NN.MaxPool2d((3, 2), stride=(2, 3), ceil_mode=True), (2, 6, 6)),
        "max_pool_ceil_padded": (NN.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), (2, 6, 7)),
        "max_pool_ceil_dropped": (NN.MaxPool2d(2, stride=3, padding=1, ceil_mode=True), (1, 5, 8)),
        "max_pool_ceil_dilated": (NN.MaxPool2d(2, stride=2, padding=1, dilation=(2, 3), ceil_mode=True), (2, 7, 8)),
        "avg_pool_ceil": (NN.AvgPool2d((3, 2), stride=(2, 3), ceil_mode=True), (2, 6, 6)),
        "avg_pool_ceil_padded": (NN.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (2, 6, 7)),
        "avg_pool_ceil_without": (
            NN.AvgPool2d((4, 3), stride=(3, 2), padding=(2, 1), ceil_mode=True, count_include_pad=False), (2, 6, 6)),
        "avg_pool_ceil_dropped": (NN.AvgPool2d(2, stride=3, padding=1, ceil_mode=True), (1, 5, 8)),
        "avg_pool_divisor": (NN.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, divisor_override=5), (2, 6, 4)),
        "global_avg_pool": (NN.AdaptiveAvgPool2d(1), (3, 4, 5)),
        "global_max_pool": (NN.AdaptiveMaxPool2d(1), (3, 4, 5)),
        "adaptive_avg_pool": (NN.AdaptiveAvgPool2d((3, 4)), (2, 7, 5)),
        "bilinear": (NN.Upsample(size=(7, 5), mode="bilinear"), (2, 3, 4)),
        "bilinear_twice": (NN.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 3)),
        "bilinear_down": (NN.Upsample(size=(3, 2), mode="bilinear"), (2, 7, 5)),
        "bilinear_corners": (NN.Upsample(size=(7, 5), mode="bilinear", align_corners=True), (2, 3, 4)),
        "bilinear_corners_one": (NN.Upsample(size=(1, 4), mode="bilinear", align_corners=True), (2, 3, 1)),
        "conv1d": (NN.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), (4, 9)),
        "conv_transpose1d": (NN.ConvTranspose1d(4, 6, 3, stride=3, padding=1, output_padding=2, groups=2), (4, 5)),
        "max_pool1d": (NN.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), (2, 10)),
        "avg_pool1d": (NN.AvgPool1d(3, padding=1, count_include_pad=False, ceil_mode=True), (2, 9)),
    }


@golden
def layers(out):
    batch = 2
    columns = lambda a: a.reshape(batch, -1).t()
    for k, (name, (layer, shape)) in enumerate(layers_by_name().items()):
        parameters = []
        if isinstance(layer, NN.Module):
            parameters = list(layer.double().parameters())
            for j, p in enumerate(parameters):
                p.data = random(100000 + 1000 * k + j, *p.shape)
        x = random(200000 + k, batch, *shape).requires_grad_()
        y = layer(x)
        y_bar = random(300000 + k, *y.shape)
        y.backward(y_bar)
        for key, array in {"x": x, "y": y, "y_bar": y_bar, "x_bar": x.grad}.items():
            out.add(f"{name}.{key}", columns(array))
        if parameters:
            out.add(f"{name}.theta", in_our_order(layer, lambda p: p))
            out.add(f"{name}.theta_bar", in_our_order(layer, lambda p: p.grad))


def normalized(x, axes, eps, weight, bias):
    """LayerNorm over the last `axes` axes, or RMSNorm, which PyTorch 1.13 lacks, where bias is None."""
    if bias is not None:
        return NN.functional.layer_norm(x, x.shape[-axes:], weight, bias, eps)
    mean_square = x.square().mean(dim=tuple(range(-axes, 0)), keepdim=True)
    return weight * x / torch.sqrt(mean_square + eps)


def trained_layers_by_name():
    """Name to (function of x and a list of parameters, shape of one input, shapes of the parameters).
    tests/layers/test_trained_layers.cpp has the same layers."""
    f = NN.functional
    mean, variance = random(71, 3), random(72, 3).square() + 0.1
    conv = lambda x, p, **options: f.conv2d(x, p[0], p[1], **options)
    return {
        "batch_norm": (
            lambda x, p: f.batch_norm(x, mean, variance, p[0], p[1], training=False, eps=1e-3),
            (3, 2, 4),
            [(3,), (3,)],
        ),
        "conv_batch_norm": (
            lambda x, p: f.batch_norm(f.conv2d(x, p[0], padding=1), mean, variance, p[1], p[2], training=False, eps=1e-3),
            (2, 4, 3),
            [(3, 2, 3, 3), (3,), (3,)],
        ),
        "group_norm": (lambda x, p: f.group_norm(x, 2, p[0], p[1]), (6, 3, 2), [(6,), (6,)]),
        "group_norm_of_vectors": (lambda x, p: f.group_norm(x, 3, p[0], p[1], eps=0.1), (12,), [(12,), (12,)]),
        "instance_norm": (lambda x, p: f.instance_norm(x), (3, 4, 2), []),
        "instance_norm_affine": (lambda x, p: f.instance_norm(x, weight=p[0], bias=p[1]), (3, 4, 2), [(3,), (3,)]),
        "layer_norm": (lambda x, p: normalized(x, 1, 1e-5, *p), (7,), [(7,), (7,)]),
        "layer_norm_of_tokens": (lambda x, p: normalized(x, 1, 0.01, *p), (4, 5), [(5,), (5,)]),
        "layer_norm_of_images": (lambda x, p: normalized(x, 2, 1e-5, *p), (2, 3, 4), [(3, 4), (3, 4)]),
        "layer_norm_plain": (lambda x, p: f.layer_norm(x, (5,)), (3, 5), []),
        "rms_norm": (lambda x, p: normalized(x, 1, 1e-6, p[0], None), (4, 5), [(5,)]),
        "prelu": (lambda x, p: f.prelu(x, p[0]), (3, 2, 2), [(1,)]),
        "prelu_of_channels": (lambda x, p: f.prelu(x, p[0]), (3, 2, 2), [(3,)]),
        "softmax": (lambda x, p: f.softmax(x, 1), (6,), []),
        "softmax_of_channels": (lambda x, p: f.softmax(x, 1), (3, 2, 4), []),
        "softmax_of_rows": (lambda x, p: f.softmax(x, 2), (2, 5, 3), []),
        "log_softmax": (lambda x, p: f.log_softmax(x, 1), (6,), []),
        "log_softmax_of_rows": (lambda x, p: f.log_softmax(x, 2), (2, 5, 3), []),
        "sum": (
            lambda x, p: conv(x, p[:2], padding=1) + torch.tanh(conv(x, p[2:])),
            (2, 3, 4),
            [(3, 2, 3, 3), (3,), (3, 2, 1, 1), (3,)],
        ),
        "concat": (
            lambda x, p: torch.cat([torch.tanh(conv(x, p[:2], padding=1)), x, conv(x, p[2:])], dim=1),
            (2, 3, 4),
            [(1, 2, 3, 3), (1,), (3, 2, 1, 1), (3,)],
        ),
    }


@golden
def trained_layers(out):
    """Values and gradients of <y_bar, y>. Where x is 0, in the first number of the first sample of each, the
    derivatives are those at the kink of prelu."""
    batch = 3
    out.add("mean", random(71, 3))
    out.add("variance", random(72, 3).square() + 0.1)
    for k, (name, (layer, shape, parameters)) in enumerate(trained_layers_by_name().items()):
        p = [random(100 * k + 5000 + j, *s).requires_grad_() for j, s in enumerate(parameters)]
        x = random(100 * k + 5050, batch, *shape)
        x.reshape(-1)[0] = 0
        x.requires_grad_()
        y = layer(x, p)
        y_bar = random(100 * k + 5051, *y.shape)
        y.backward(y_bar)
        columns = lambda a: a.reshape(batch, -1).t()
        for key, value in {"x": x, "y": y, "y_bar": y_bar, "x_bar": x.grad}.items():
            out.add(f"{name}.{key}", columns(value))
        if p:
            out.add(f"{name}.theta", torch.cat([q.reshape(-1) for q in p]))
            out.add(f"{name}.theta_bar", torch.cat([q.grad.reshape(-1) for q in p]))


@golden
def state_dict(out):
    """A network with more than ten modules, whose state_dict in another order has the same shapes, and a batch
    normalization. tests/io/test_state_dict.cpp has the same."""
    linear, conv = NN.Linear, NN.Conv2d
    net = NN.Sequential(conv(2, 3, 3, padding=1), NN.ELU(), NN.ConvTranspose2d(3, 2, 2, stride=2), NN.ELU(), NN.Flatten(),
                        linear(128, 4), NN.Tanh(), linear(4, 4), NN.Tanh(), linear(4, 4), NN.Tanh(), linear(4, 4)).double()
    for j, p in enumerate(net.parameters()):
        p.data = 0.4 * random(j, *p.shape)
    for name, tensor in net.state_dict().items():
        out.add(name, tensor)
    x = random(100, 3, 2, 4, 4)
    out.add("x", x.reshape(3, -1).t())
    out.add("y", net(x).t())
    norm = NN.BatchNorm2d(3).double()
    norm.weight.data, norm.bias.data, norm.running_mean = random(101, 3), random(102, 3), random(103, 3)
    norm.running_var = random(104, 3) ** 2
    for name, tensor in norm.state_dict().items():
        out.add("norm." + name, tensor)
    x = random(105, 2, 3, 2, 2)
    out.add("norm.x", x.reshape(2, -1).t())
    out.add("norm.y", norm.eval()(x).reshape(2, -1).t())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="files to write, without .txt (default: all)")
    parser.add_argument("--list", action="store_true", help="list the names and stop")
    args = parser.parse_args()
    if args.list:
        print("\n".join(CASES))
        return
    unknown = [n for n in args.names if n not in CASES]
    if unknown:
        sys.exit(f"make_golden.py: no such file: {', '.join(unknown)} (there are: {', '.join(CASES)})")
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in args.names or CASES:
        out = Golden()
        CASES[name](out)
        out.write(name)
        print(f"{name}.txt: {len(out.names)} arrays")


if __name__ == "__main__":
    main()
