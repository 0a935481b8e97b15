"""What rows are measured with: the other processes, their commands, and the machine they ran on."""

import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

from parts import Parts
from texts import Text, read_lines

HERE = pathlib.Path(__file__).resolve().parent
GIB = 2 ** 30
# SKEIN_KERNEL chooses what skein's kernels may use; with it the other sides are held to the same.
CAPS = {"avx2": {"ATEN_CPU_CAPABILITY": "avx2", "DNNL_MAX_CPU_ISA": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2",
                 "MKL_ENABLE_INSTRUCTIONS": "AVX2", "CT2_FORCE_CPU_ISA": "AVX2"}}


class Side:
    """A process that answers questions, one line each."""

    def __init__(self, name, command, log, caps):
        self.name, self.answers = name, []
        self.log = open(log / f"{name}.log", "w")
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env=os.environ | caps)

    def ask(self, question=""):
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            self.log.flush()
            raise SystemExit(f"{self.name} stopped: {pathlib.Path(self.log.name).read_text()[-2000:]}")
        self.answers.append(json.loads(line))
        return self.answers[-1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    @property
    def seconds(self):
        return statistics.median(answer["seconds"] for answer in self.answers[1:])

    @property
    def peak(self):
        return self.answers[-1]["peak_bytes"]


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.threads = arguments.threads
        self.skein = arguments.skein.resolve()
        self.root = arguments.build.resolve()
        self.parts = Parts(self.skein, self.root, arguments.data, arguments.set)
        self.log = self.root / "logs"
        self.log.mkdir(parents=True, exist_ok=True)
        self.memo = {}
        self.caps = CAPS.get(os.environ.get("SKEIN_KERNEL"), {})
        self.path, self.kernel = kernel_path(self.skein)

    def shape(self, name):
        return self.arguments.shape or name

    def bar(self, bar, avx2):
        """The bar of the kernels that skein chose."""
        return avx2 if self.path == "avx2" else bar

    def once(self, key, make):
        """Rows that share a measurement share its numbers."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def side(self, name, command):
        return Side(name, command, self.log, self.caps)

    def alternate(self, commands):
        """{name: Side} after every side has answered 1 + rounds times."""
        sides = []
        try:
            for name, command in commands.items():
                sides.append(self.side(name, command))
                sides[-1].ask()
            for _ in range(self.arguments.rounds):
                for side in sides:
                    side.ask()
        finally:
            for side in sides:
                side.close()
        for side in sides:
            print(f"  {side.name:24} " + " ".join(f"{a['seconds']:.3f}" for a in side.answers)
                  + f" s, peak {side.peak / GIB:.2f} GiB", flush=True)
        return {side.name: side for side in sides}

    def answer(self, command):
        """What a program prints that is asked once, of which the time does not matter."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env=os.environ | self.caps)
        if done.returncode != 0:
            raise SystemExit(f"{command[0]} {command[1]}: {done.stderr[-2000:]}")
        return done.stdout

    def tokens(self, shape, file):
        text = Text(self.parts.base(shape))
        return sum(len(text.ids(t)) for line in read_lines(file)
                   for t in [line["input"], *line.get("choices", [line.get("target")])] if t is not None)

    # ---- commands ----

    def skein_gate(self, shape, dtype="f32", threads=None, recompute=False):
        settings = {"base": self.parts.base(shape, dtype), "expert": self.parts.expert(shape, 0),
                    "data.train": self.parts.examples(), "train.batch_size": self.arguments.examples,
                    "train.shuffle": "false", "train.learning_rate": 0.005,
                    "threads": threads or self.threads,
                    "train.recompute": str(recompute).lower(), "train.precision": dtype}
        return [self.skein, "bench", "gate",
                *(word for key, value in settings.items() for word in ("-s", f"{key}={value}"))]

    def skein_items(self, what, shape, pool, file, router="phatgoose", top_k=2):
        source = ["--base", self.parts.base(shape)]
        if pool:
            source = ["--pool", self.parts.pool(shape, pool), "-s", f"router={router}",
                      "-s", f"top_k={min(pool, top_k)}"]
        return [self.skein, *what, *source, "--input", file, "--threads", self.threads]

    def python(self, script, *words):
        return [sys.executable, "-B", HERE / script, *words]

    def torch(self, what, shape, file, *more, dtype="f32"):
        return self.python("reference.py", what, "--base", self.parts.base(shape),
                           "--input", file, "--threads", self.threads,
                           "--attention", self.arguments.attention, *more,
                           *(["--bf16"] if dtype == "bf16" else []))

    def torch_gate(self, shape, dtype="f32"):
        return self.torch("gate", shape, self.parts.examples(), "--expert",
                          self.parts.expert(shape, 0), "--lines", self.arguments.examples, "--batch",
                          self.arguments.batch, dtype=dtype)

    def ct2(self, what, shape, file, *more):
        return self.python("ct2.py", what, "--base", self.parts.base(shape), "--model",
                           self.parts.ct2(shape), "--input", file, "--threads", self.threads, *more)

    def items(self):
        return self.parts.head(self.parts.items(), self.arguments.items)


# ---- the machine ----

def kernel_path(skein):
    """The kernels that skein uses, and their name in the table."""
    done = subprocess.run([skein, "doctor", "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    path = json.loads(done.stdout)["kernels"]["used"]
    return path, f"{path} (forced)" if os.environ.get("SKEIN_KERNEL") else path


def describe_machine(bench):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                      if line.startswith("model name")), platform.machine())
    version = subprocess.run([bench.skein, "--version"], capture_output=True, text=True).stdout.strip()
    return {"processor": processor, "cores": os.cpu_count(), "load": os.getloadavg()[0],
            "skein": version, "threads": bench.threads, "kernel": bench.kernel,
            "settings": {k: str(v) for k, v in vars(bench.arguments).items()}}


class Others:
    """The share of the machine that went to other programs, or to other machines on the same host."""

    def __init__(self):
        self.start = time.monotonic(), self.busy(), self.ours()

    @staticmethod
    def busy():
        with open("/proc/stat") as file:
            ticks = [int(word) for word in file.readline().split()[1:9]]
        idle = ticks[3] + ticks[4]
        return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def ours():
        """Of this process and of the sides that have ended."""
        usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def percent(self):
        start, busy, ours = self.start
        spent = (self.busy() - busy) - (self.ours() - ours)
        return max(0.0, 100 * spent / ((time.monotonic() - start) * os.cpu_count()))
