"""What the scripts of this folder share: building, running a benchmark program, tables, plots, blocks of a page."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRESET = "native"
trained_folder = "trained"  # in the build folder
# glibc keeps freed memory, which libtorch otherwise asks back from the kernel at every step.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")


def add_build_options(parser):
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        help="folder that holds the programs; without it, what is missing is installed and built in "
                             f"build/{PRESET}/bench")
    parser.add_argument("--no-install", action="store_true", help="do not look for missing Debian packages")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="compile N files at a time")


def programs(options):
    """The folder with the programs, which are built there unless the user named one."""
    if options.build is not None:
        if not (options.build / "bench_steps").exists():
            fail(f"--build {options.build}: no bench_steps in there; "
                 f"`cmake/build --preset {PRESET} bench_programs` makes it in build/{PRESET}/bench")
        return options.build.resolve()
    commands = [] if options.no_install else [["cmake/install_dependencies", "run", "bench"]]
    commands.append(["cmake/build", "--preset", PRESET, "--jobs", str(options.jobs), "bench_programs"])
    for command in commands:
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
            fail(f"`{' '.join(command)}` failed, its messages are above")
    return ROOT / "build" / PRESET / "bench"


PEERS = {"torch": "libtorch", "dlib": "dlib", "tiny_dnn": "tiny-dnn", "lapack": "lapack"}


def found_peers(folder):
    """{name: program} of the libraries that CMake found."""
    return {name: folder / f"bench_{short}_steps" for short, name in PEERS.items()
            if (folder / f"bench_{short}_steps").exists()}


def choose_blas_kernels(program):
    """Lets OpenBLAS use the kernels with which `program` is fastest: those that the environment names (OPENBLAS_CORETYPE),
    those that OpenBLAS chooses (on processors newer than itself perhaps those of a far older one), or others that the
    processor can run. Returns what was set for that, "" if nothing."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    given = {name: os.environ.pop(name) for name in list(os.environ) if name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    choices = {"what it chooses": {}}
    if given:
        choices[" ".join(f"{name}={value}" for name, value in given.items())] = given
    for name, flag in (("Haswell", " avx2 "), ("SkylakeX", " avx512f ")):
        if flag in flags:
            choices[f"OPENBLAS_CORETYPE={name}"] = {"OPENBLAS_CORETYPE": name}
    times = dict.fromkeys(choices, float("inf"))
    for name in 3 * list(choices):
        now = numbers(output_of(program, "time", "fc7x512_d784_b256", 0.1, 1, variables=choices[name]))
        times[name] = min(times[name], *now.values())
    best = min(times, key=times.get)
    if times["what it chooses"] < 1.1 * times[best]:
        best = "what it chooses"
    os.environ.update(choices[best])
    for name, time in times.items():
        print(f"OpenBLAS with {name}: {time:.0f} us{', used' if name == best else ''}", file=sys.stderr)
    return best if choices[best] else ""


def output_of(program, *arguments, threads=1, keep_memory=True, text=True, variables=None):
    """What the program prints. It gets `threads` threads, in OpenMP, BLAS and dlib's own pool."""
    environment = os.environ | {name: str(threads) for name in
                                ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "DLIB_NUM_THREADS")}
    environment |= {"BENCH_TRAINED": str(program.parent / trained_folder)} | (variables or {})
    if keep_memory:
        environment |= KEEP_MEMORY
    result = subprocess.run([program, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, text=text)
    if result.returncode != 0:
        fail(f"`{program} {' '.join(map(str, arguments))}` ended with status {result.returncode}")
    return result.stdout


def numbers(text):
    """{"name": value} of lines "name value"."""
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def chosen(names, standard):
    """`names`, comma separated, or the standard ones."""
    return names.split(",") if names else standard


def exponent(sizes, times, last=3):
    """The slope of log(time) over log(size) through the `last` largest sizes, by least squares."""
    from math import log
    x, y = [log(s) for s in sizes[-last:]], [log(t) for t in times[-last:]]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


def short(value):
    """Three digits, without an exponent."""
    if value is None:
        return "-"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}"


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def plain(head, rows):
    table = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[k]) for row in table) for k in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths)))
                     for row in table) + "\n"


def fill(page, name, text):
    """Replaces what stands in the page between <!-- name --> and <!-- end -->."""
    pattern = re.compile(f"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
    content = page.read_text()
    if not pattern.search(content):
        fail(f"{page} has no block <!-- {name} --> ... <!-- end -->")
    page.write_text(pattern.sub(lambda m: m.group(1) + text + m.group(2), content))


def machine():
    """The processor and the compiler, for a caption."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["c++", "--version"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[:1]
    return ", ".join([model.group(1) if model else "unknown processor", f"{os.cpu_count()} cores", *compiler])


def gnuplot(script, picture):
    """Runs a script that draws `picture`."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".gp") as file:
        file.write(script)
        file.flush()
        try:
            status = subprocess.run(["gnuplot", file.name]).returncode
        except FileNotFoundError:
            fail("gnuplot is not installed (Debian's gnuplot-nox)")
    if status != 0:
        fail(f"gnuplot could not draw {picture}")
