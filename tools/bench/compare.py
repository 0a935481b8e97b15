"""skein and PyTorch side by side: the same weights, texts and threads, in alternation.

    python tools/bench/compare.py                     every row
    python tools/bench/compare.py gate-base score-36  some
    python tools/bench/compare.py --quick --shape demo

Needs what tests/oracle/requirements.txt names, zstdcat, and the P3 sets (JSONL.zst with template,
input, target) in --data or $SKEIN_DATA. Everything it makes is kept in build/bench; the results of
the run are build/bench/results.csv and results.json.

Each side is one process that is asked for one repetition at a time (`skein bench`, reference.py),
first once to warm up, then in turn; the other waits without computing. Times are medians, without
opening files and starting. Tokens are real ones, never padding, an input once however many choices
share it; generation counts the tokens that are made. Peak memory is that of the whole process. A row
whose losses, likelihoods or texts differ by more than its tolerance is DISAGREE, whatever its speed,
and the exit code is 1.
"""

import argparse
import csv
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from parts import Parts
from texts import Text, read_lines

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GIB = 2 ** 30
THREADS = 2
# Relative differences that rounding explains: of losses and likelihoods; of gradient norms.
TOLERANCE = {"f32": 1e-3, "bf16": 3e-2}
NORM_TOLERANCE = {"f32": 1e-2, "bf16": 1e-1}
# Of routed likelihoods most are within TOLERANCE, and all within ten times it: where two experts are
# nearly alike at some token, rounding may choose the other one.
LIKELIHOODS_THAT_AGREE = 0.9
TEXTS_THAT_AGREE = 0.9  # the others may part where two tokens are equally likely, within rounding


class Side:
    """A process that answers questions, one line each."""

    def __init__(self, name, command, log):
        self.name, self.answers = name, []
        self.log = open(log / f"{name}.log", "w")
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)

    def ask(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            self.log.flush()
            raise SystemExit(f"{self.name} stopped: {pathlib.Path(self.log.name).read_text()[-2000:]}")
        self.answers.append(json.loads(line))

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
        self.skein = arguments.skein.resolve()
        self.root = arguments.build.resolve()
        self.parts = Parts(self.skein, self.root, arguments.data, arguments.set)
        self.log = self.root / "logs"
        self.log.mkdir(parents=True, exist_ok=True)
        self.memo = {}

    def shape(self, name):
        return self.arguments.shape or name

    def once(self, key, make):
        """Rows that share a measurement share its numbers."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def alternate(self, commands):
        """{name: Side} after every side has answered 1 + rounds times."""
        sides = []
        try:
            for name, command in commands.items():
                sides.append(Side(name, command, self.log))
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

    def tokens(self, shape, file):
        text = Text(self.parts.base(shape))
        return sum(len(text.ids(t)) for line in read_lines(file)
                   for t in [line["input"], *line.get("choices", [line.get("target")])] if t is not None)

    # ---- commands ----

    def skein_gate(self, shape, dtype="f32", threads=THREADS, recompute=False):
        settings = {"base": self.parts.base(shape, dtype), "expert": self.parts.expert(shape, 0),
                    "data.train": self.parts.examples(), "train.batch_size": self.arguments.examples,
                    "train.shuffle": "false", "train.learning_rate": 0.005, "threads": threads,
                    "train.recompute": str(recompute).lower(), "train.precision": dtype}
        return [self.skein, "bench", "gate",
                *(word for key, value in settings.items() for word in ("-s", f"{key}={value}"))]

    def skein_items(self, what, shape, pool, file):
        source = ["--base", self.parts.base(shape)]
        if pool:
            source = ["--pool", self.parts.pool(shape, pool), "-s", "router=phatgoose",
                      "-s", f"top_k={min(pool, 2)}"]
        return [self.skein, *what, *source, "--input", file, "--threads", THREADS]

    def torch(self, what, shape, file, *more, dtype="f32"):
        return [sys.executable, "-B", HERE / "reference.py", what, "--base", self.parts.base(shape),
                "--input", file, "--threads", THREADS, "--attention", self.arguments.attention,
                *more, *(["--bf16"] if dtype == "bf16" else [])]

    def torch_gate(self, shape, dtype="f32"):
        return self.torch("gate", shape, self.parts.examples(), "--expert",
                          self.parts.expert(shape, 0), "--lines", self.arguments.examples, "--batch",
                          self.arguments.batch, dtype=dtype)

    def items(self):
        return self.parts.head(self.parts.items(), self.arguments.items)


# ---- agreement: whether, and by how much ----

def apart(a, b):
    return max(abs(x - y) / max(abs(y), 1e-9) for x, y in zip(a, b, strict=True))


def steps_agree(one, other, dtype="f32"):
    """Every step: the loss before its update, so updates are compared, too."""
    for key in ("input_tokens", "target_tokens"):
        if one.answers[0][key] != other.answers[0][key]:
            return False, f"{key} differ"
    loss, norm = (apart([a[key] for a in one.answers], [a[key] for a in other.answers])
                  for key in ("loss", "grad_norm"))
    good = loss <= TOLERANCE[dtype] and norm <= NORM_TOLERANCE[dtype]
    return good, f"losses differ by {loss:.0e} of themselves at most, gradient norms by {norm:.0e}"


def scores_agree(one, other, lengths, dtype):
    """Likelihoods, and choices where one is likelier beyond the tolerance."""
    a, b = one.answers[-1]["loglik"], other.answers[-1]["loglik"]
    apart_by = sorted(apart([x], [y]) for xs, ys in zip(a, b, strict=True)
                      for x, y in zip(xs, ys, strict=True))
    most, difference = apart_by[int(LIKELIHOODS_THAT_AGREE * (len(apart_by) - 1))], apart_by[-1]
    wrong = 0
    for x, y, n in zip(a, b, lengths, strict=True):
        means = [value / count for value, count in zip(y, n, strict=True)]
        first, second = sorted(means)[-1], sorted(means)[-2]
        clear = first - second > 2 * TOLERANCE[dtype] * abs(second)
        chosen = max(range(len(x)), key=lambda i: x[i] / n[i])
        wrong += clear and chosen != means.index(first)
    good = most <= TOLERANCE[dtype] and difference <= 10 * TOLERANCE[dtype] and wrong == 0
    return good, (f"log-likelihoods differ by {difference:.0e} of themselves at most, most by less than "
                  f"{most:.0e}; {wrong} of {len(a)} choices differ")


def texts_agree(one, other):
    a, b = one.answers[-1]["output"], other.answers[-1]["output"]
    same = sum(x == y for x, y in zip(a, b, strict=True))
    kinds = len(set(a))
    good = same >= TEXTS_THAT_AGREE * len(a) and kinds > len(a) / 4  # else equality shows little
    return good, f"{same} of {len(a)} texts are equal, {kinds} different ones among them"


# ---- rows ----

def result(what, shape, measured, bar, unit="x", most=False, agree=(True, ""), **more):
    """A line of the table; `most`: the bar is an upper one; None: there is none."""
    held = bar is None or (measured <= bar if most else measured >= bar)
    verdict = "MISS" if not held else "pass" if bar is not None else ""
    return {"what": what, "shape": shape, "measured": measured, "bar": bar, "unit": unit, "most": most,
            "verdict": verdict if agree[0] else "DISAGREE", "check": agree[1], **more}


def pair(one, other, tokens):
    """What the table shows of two sides besides their ratio."""
    return {"skein": f"{tokens / one.seconds:.0f} tok/s", "torch": f"{tokens / other.seconds:.0f} tok/s",
            "skein_seconds": one.seconds, "torch_seconds": other.seconds,
            "skein_peak": one.peak, "torch_peak": other.peak, "tokens": tokens}


def gate_tokens(side):
    return side.answers[0]["input_tokens"] + side.answers[0]["target_tokens"]


def gate_sides(bench, shape):
    return bench.once(("gate", shape), lambda: bench.alternate(
        {"skein": bench.skein_gate(shape), "torch": bench.torch_gate(shape)}))


def gate(bench, shape):
    shape = bench.shape(shape)
    sides = gate_sides(bench, shape)
    one, other = sides["skein"], sides["torch"]
    yield result("gate-training step, f32, tokens/s", shape, other.seconds / one.seconds, 2.0,
                 agree=steps_agree(one, other), **pair(one, other, gate_tokens(one)))


def gate_best(bench):
    shape = bench.shape("t5-v1_1-base")
    sides = bench.alternate({"skein-f32": bench.skein_gate(shape),
                             "skein-bf16": bench.skein_gate(shape, "bf16"),
                             "torch-bf16": bench.torch_gate(shape, "bf16")})
    other = sides["torch-bf16"]
    best = min((sides["skein-f32"], sides["skein-bf16"]), key=lambda side: side.seconds)
    yield result(f"the same, best precision of each ({best.name[6:]}; bf16 autocast)", shape,
                 other.seconds / best.seconds, 1.3, agree=steps_agree(best, other, "bf16"),
                 **pair(best, other, gate_tokens(best)))


def memory(bench):
    shape = bench.shape("t5-v1_1-base")
    sides = gate_sides(bench, shape)
    one, other = sides["skein"], sides["torch"]
    small = bench.alternate({"skein-recompute": bench.skein_gate(shape, recompute=True)})["skein-recompute"]
    for what, side in (("gate-training peak memory", one), ("the same, train.recompute", small)):
        yield result(what, shape, side.peak / other.peak, 0.5, most=True,
                     agree=steps_agree(side, other), skein=f"{side.peak / GIB:.2f} GiB",
                     torch=f"{other.peak / GIB:.2f} GiB", skein_seconds=side.seconds)


def train_numbers(bench, shape, *options):
    """`skein bench train`, which makes weights of its own; demo has no vocabulary to make them with."""
    command = [bench.skein, "bench", "train", "--csv", "--threads", str(THREADS), "--shape",
               "t5-small" if shape == "demo" else shape, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    names, values = done.stdout.splitlines()
    return dict(zip(names.split(","), values.split(","), strict=True))


def sgemm(bench):
    shape = bench.shape("t5-v1_1-base")
    numbers = train_numbers(bench, shape, "--steps", str(bench.arguments.rounds))
    yield result("gate-training step, share of sgemm (f32)", shape, 100 * float(numbers["share"]), 80,
                 unit="%", skein=f"{float(numbers['step_gflops']):.0f} GFLOP/s",
                 torch=f"sgemm {float(numbers['sgemm_gflops']):.0f}", numbers=numbers)


def loops(bench, what, shape, experts, file, *more, dtype="f32"):
    """The reference with either way to loop over experts."""
    pool = ["--pool", bench.parts.pool(shape, experts), *more]
    return {f"torch-{loop}": bench.torch(what, shape, file, *pool, "--loop", loop, dtype=dtype)
            for loop in ("released", "lean")}


def score(bench, experts, bar, dtype="f32"):
    shape, file = bench.shape("t5-v1_1-base"), bench.items()
    command = bench.skein_items(["bench", "score"], shape, experts, file)
    sides = bench.alternate({
        "skein": command + (["--bf16"] if dtype == "bf16" else []),
        **loops(bench, "score", shape, experts, file, "--batch", bench.arguments.batch // 4,
                dtype=dtype)})
    one, tokens = sides["skein"], bench.tokens(shape, file)
    text = Text(bench.parts.base(shape))
    lengths = [[len(text.ids(choice)) for choice in line["choices"]] for line in read_lines(file)]
    in_bf16 = " in bf16" if dtype == "bf16" else ""
    for loop, wanted in (("released", bar), ("lean", None)):
        other = sides[f"torch-{loop}"]
        yield result(f"routed scoring{in_bf16}, 4 choices, top-2, {experts} experts, {loop} loop",
                     shape, other.seconds / one.seconds, wanted,
                     agree=scores_agree(one, other, lengths, dtype), **pair(one, other, tokens))


def pool_sides(bench, shape, file, counts):
    return bench.alternate({f"skein-{n}": bench.skein_items(["bench", "score"], shape, n, file)
                            for n in counts})


def lost(bench):
    shape, file = bench.shape("t5-v1_1-base"), bench.items()
    sides = pool_sides(bench, shape, file, (0, 36, 166))
    tokens, plain = bench.tokens(shape, file), sides["skein-0"]
    for experts, bar in ((36, 25), (166, 40)):
        side = sides[f"skein-{experts}"]
        changed = any(apart(a, b) > 10 * TOLERANCE["f32"]
                      for a, b in zip(side.answers[-1]["loglik"], plain.answers[-1]["loglik"]))
        yield result(f"tokens/s lost by routing over {experts} experts", shape,
                     100 * (1 - plain.seconds / side.seconds), bar, unit="%", most=True,
                     agree=(changed, "routed and plain differ, as they should" if changed
                            else "routing changed nothing"),
                     skein=f"{tokens / side.seconds:.0f} tok/s",
                     torch=f"plain {tokens / plain.seconds:.0f} tok/s", skein_seconds=side.seconds)


def generation(bench):
    shape, file = bench.shape("t5-small"), bench.parts.head(bench.parts.examples(), 16)
    most, experts = bench.arguments.max_output, 36
    command = bench.skein_items(["bench", "generate"], shape, experts, file)
    sides = bench.alternate({
        "skein": command + ["--max-output", most, "--batch-tokens", 16 * (512 + most)],
        **loops(bench, "generate", shape, experts, file, "--batch", 16, "--max-output", most)})
    one = sides["skein"]
    for loop, wanted in (("released", 5), ("lean", None)):
        other = sides[f"torch-{loop}"]
        yield result(f"greedy generation, batch 16, {experts} experts, tokens/s, {loop} loop", shape,
                     other.seconds / one.seconds, wanted, agree=texts_agree(one, other),
                     **pair(one, other, other.answers[-1]["target_tokens"]))


def start(bench):
    """From spawning to the first line; files in the page cache, as after a first use."""
    shape, experts = bench.shape("t5-v1_1-base"), 166
    file = bench.parts.head(bench.parts.items(), 1)
    command = [str(word) for word in bench.skein_items(["score"], shape, experts, file)]
    seconds = []
    for _ in range(1 + bench.arguments.rounds):
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        first = process.stdout.readline()
        seconds.append(time.monotonic() - begin)
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0 or not first:
            raise SystemExit(f"skein score stopped with {process.returncode}")
    print("  skein score " + " ".join(f"{s:.3f}" for s in seconds), flush=True)
    pool = bench.parts.pool(shape, experts)
    held = sum(path.stat().st_size for path in pool.glob("experts/*/*"))
    held += sum(path.stat().st_size for path in bench.parts.base(shape).iterdir())
    yield result(f"start to first result of skein score, {experts} experts", shape,
                 statistics.median(seconds[1:]), 1.0, unit="s", most=True,
                 skein=f"peak {usage.ru_maxrss * 1024 / GIB:.2f} GiB", torch=f"files {held / GIB:.2f} GiB")


def xl(bench):
    shape = bench.shape("t5-xl")
    numbers = train_numbers(bench, shape, "--dtype", "bf16", "--recompute", "--max-tokens", "2048",
                            "--steps", "1")
    yield result("one gate-training step of 2048 tokens, bf16 weights, recompute, resident", shape,
                 float(numbers["peak_bytes"]) / 1e9, 12, unit="GB", most=True,
                 skein=f"{float(numbers['step_seconds']):.0f} s", torch="", numbers=numbers)


def threads(bench):
    shape = bench.shape("t5-v1_1-base")
    sides = bench.alternate({"skein-2": bench.skein_gate(shape),
                             "skein-1": bench.skein_gate(shape, threads=1)})
    two, one = sides["skein-2"], sides["skein-1"]
    tokens = gate_tokens(one)
    same = [a["loss"] for a in one.answers] == [a["loss"] for a in two.answers]
    yield result("2 threads over 1", shape, one.seconds / two.seconds, 1.8,
                 agree=(same, "losses are " + ("equal" if same else "not equal")),
                 skein=f"{tokens / two.seconds:.0f} tok/s", torch=f"1: {tokens / one.seconds:.0f} tok/s")


def curve(bench):
    shape, file = bench.shape("t5-v1_1-base"), bench.items()
    counts = (0, 1, 8, 36, 166, 512)
    sides = pool_sides(bench, shape, file, counts)
    tokens, plain = bench.tokens(shape, file), sides["skein-0"]
    for experts in counts[1:]:
        side = sides[f"skein-{experts}"]
        yield result(f"scoring over {experts} experts, of the time of plain", shape,
                     side.seconds / plain.seconds, None,
                     skein=f"{tokens / side.seconds:.0f} tok/s",
                     torch=f"plain {tokens / plain.seconds:.0f} tok/s",
                     skein_seconds=side.seconds, skein_peak=side.peak)


ROWS = {
    "gate-small": lambda bench: gate(bench, "t5-small"),
    "gate-base": lambda bench: gate(bench, "t5-v1_1-base"),
    "gate-best": gate_best,
    "sgemm": sgemm,
    "memory": memory,
    "score-36": lambda bench: score(bench, 36, 10),
    "score-166": lambda bench: score(bench, 166, 20),
    "score-36-bf16": lambda bench: score(bench, 36, None, "bf16"),
    "score-166-bf16": lambda bench: score(bench, 166, None, "bf16"),
    "lost": lost,
    "generate": generation,
    "start": start,
    "xl": xl,
    "threads": threads,
    "curve": curve,
}


# ---- the table ----

def shown(value, unit):
    return f"{value:.3g} {unit}" if unit != "x" else f"{value:.3g}x"


def print_table(results):
    lines = [["row", "what", "shape", "skein", "PyTorch", "measured", "bar", ""]]
    for r in results:
        bar = "" if r["bar"] is None else ("<= " if r["most"] else ">= ") + shown(r["bar"], r["unit"])
        lines.append([r["row"], r["what"], r["shape"], r["skein"], r["torch"],
                      shown(r["measured"], r["unit"]), bar, r["verdict"]])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    print()
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for r in results:
        if r["check"]:
            print(f"{r['row']}: {r['check']}")


def write_results(root, machine, results):
    (root / "results.json").write_text(json.dumps({"machine": machine, "results": results}, indent=1,
                                                  default=str) + "\n")
    keys = ["row", "what", "shape", "skein", "torch", "measured", "unit", "bar", "verdict", "check"]
    with open(root / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, keys, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(results)


def describe_machine(bench):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                      if line.startswith("model name")), platform.machine())
    version = subprocess.run([bench.skein, "--version"], capture_output=True, text=True).stdout.strip()
    return {"processor": processor, "cores": os.cpu_count(), "load": os.getloadavg()[0],
            "skein": version, "threads": THREADS,
            "settings": {k: str(v) for k, v in vars(bench.arguments).items()}}


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" ".join(ROWS))
    parser.add_argument("--shape", help="one shape for all rows: demo, t5-small, ...")
    parser.add_argument("--quick", action="store_true", help="2 rounds of little work: a trial, no measurement")
    parser.add_argument("--rounds", type=int, help="alternations [5]")
    parser.add_argument("--examples", type=int, help="of a gate-training step [16]")
    parser.add_argument("--items", type=int, help="that are scored [8]")
    parser.add_argument("--max-output", type=int, help="tokens generated of each text [64]")
    parser.add_argument("--batch", type=int, default=32, help="padded sequences in a forward of PyTorch [32]")
    parser.add_argument("--set", default="cosmos_qa", help="P3 set that texts are from, or mixed [cosmos_qa, "
                        "whose lengths and padding are near the median of 34 sets]")
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa", help="of transformers [sdpa]")
    parser.add_argument("--data", type=pathlib.Path, default=os.environ.get("SKEIN_DATA"))
    parser.add_argument("--skein", type=pathlib.Path, default=ROOT / "build/release/skein")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    a = parser.parse_args()
    full, quick = (5, 16, 8, 64), (2, 8, 4, 8)
    for name, value in zip(("rounds", "examples", "items", "max_output"), quick if a.quick else full):
        setattr(a, name, getattr(a, name) or value)
    for row in a.rows:
        if row not in ROWS:
            parser.error(f"no row {row}; rows are {' '.join(ROWS)}")
    if not a.data:
        parser.error("--data or $SKEIN_DATA must name the directory of the P3 sets")
    a.rows = a.rows or list(ROWS)
    a.data = pathlib.Path(a.data)
    return a


def main():
    bench = Bench(read_arguments())
    machine = describe_machine(bench)
    print(f"{machine['skein']} on {machine['cores']} x {machine['processor']}, {THREADS} threads, "
          f"load {machine['load']:.1f}", flush=True)
    results = []
    for row in bench.arguments.rows:
        print(f"{row} ({time.strftime('%H:%M:%S')})", flush=True)
        results += [{"row": row} | line for line in ROWS[row](bench)]
        write_results(bench.root, machine, results)
    print_table(results)
    sys.exit(any(r["verdict"] == "DISAGREE" for r in results))


if __name__ == "__main__":
    main()
