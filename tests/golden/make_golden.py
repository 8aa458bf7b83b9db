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

    def write(self, case):
        header = [f"# {case}: written by tests/golden/make_golden.py with PyTorch {torch.__version__}"]
        (FOLDER / f"{case}.txt").write_text("\n".join(header + self.lines) + "\n", encoding="ascii")


def random(seed, *shape):
    """Standard normal numbers that depend on the seed and the shape alone."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@golden
def losses(out):
    y, target = random(1, 4, 5), random(2, 4, 5)  # rows are entries, columns samples
    out.add("y", y)
    out.add("target", target)
    for name, loss in {
        "mean_squared_error": torch.nn.MSELoss(),
        "half_sum_of_squares": lambda a, b: 0.5 * torch.nn.MSELoss(reduction="sum")(a, b),
    }.items():
        leaf = y.clone().requires_grad_()
        value = loss(leaf, target)
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


@golden
def networks(out):
    batch, steps = 3, 4
    for k, (name, (net, shape, kind, options)) in enumerate(networks_by_name().items()):
        net.double()
        for j, p in enumerate(net.parameters()):
            p.data = 0.4 * random(1000 * k + j, *p.shape)
        x = random(1000 * k + 500, batch, *shape).requires_grad_()
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
