"""The rows against PyTorch, and skein's own: what its table in README.md is about."""

import os
import statistics
import subprocess
import time

from agreement import TOLERANCE, apart, scores_agree, steps_agree, texts_agree
from bench import GIB
from texts import Text, read_lines


def result(what, shape, measured, bar, unit="x", most=False, agree=(True, ""), **more):
    """A line of the table; `most`: the bar is an upper one; None: there is none."""
    held = bar is None or (measured <= bar if most else measured >= bar)
    verdict = "MISS" if not held else "pass" if bar is not None else ""
    return {"what": what, "shape": shape, "peer": "", "measured": measured, "bar": bar, "unit": unit,
            "most": most, "verdict": verdict if agree[0] else "DISAGREE", "check": agree[1], **more}


def pair(one, other, tokens, peer="PyTorch"):
    """What the table shows of two sides besides their ratio."""
    return {"skein": f"{tokens / one.seconds:.0f} tok/s", "other": f"{tokens / other.seconds:.0f} tok/s",
            "peer": peer, "skein_seconds": one.seconds, "other_seconds": other.seconds,
            "skein_peak": one.peak, "other_peak": other.peak, "tokens": tokens}


def gate_tokens(side):
    return side.answers[0]["input_tokens"] + side.answers[0]["target_tokens"]


def gate_sides(bench, shape):
    return bench.once(("gate", shape), lambda: bench.alternate(
        {"skein": bench.skein_gate(shape), "torch": bench.torch_gate(shape)}))


def gate(bench, shape):
    shape = bench.shape(shape)
    sides = gate_sides(bench, shape)
    one, other = sides["skein"], sides["torch"]
    yield result("gate-training step, f32, tokens/s", shape, other.seconds / one.seconds, 2.5,
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
                     other=f"{other.peak / GIB:.2f} GiB", peer="PyTorch", skein_seconds=side.seconds)


def train_numbers(bench, shape, *options):
    """`skein bench train`, which makes weights of its own; demo has no vocabulary to make them with."""
    command = [bench.skein, "bench", "train", "--csv", "--threads", str(bench.threads), "--shape",
               "t5-small" if shape == "demo" else shape, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    names, values = done.stdout.splitlines()
    return dict(zip(names.split(","), values.split(","), strict=True))


def fma(bench, shape, bar):
    """Against the rate of a loop of nothing but multiply-adds on the same threads."""
    shape = bench.shape(shape)
    numbers = train_numbers(bench, shape, "--steps", str(bench.arguments.rounds))
    step, peak = float(numbers["step_gflops"]), float(numbers["fma_gflops"])
    yield result("gate-training step, share of the processor's rate of multiply-adds (f32)", shape,
                 100 * step / peak, bar, unit="%", skein=f"{step:.0f} GFLOP/s", other=f"{peak:.0f}",
                 numbers=numbers)


def loops(bench, what, shape, experts, file, *more, dtype="f32"):
    """The reference with either way to loop over experts."""
    pool = ["--pool", bench.parts.pool(shape, experts), *more]
    return {f"torch-{loop}": bench.torch(what, shape, file, *pool, "--loop", loop, dtype=dtype)
            for loop in ("released", "lean")}


def score(bench, experts, bars, dtype="f32"):
    """bars: over the released loop and over the lean one."""
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
    for loop, wanted in zip(("released", "lean"), bars):
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
    for experts, bar in ((36, 18), (166, 30)):
        side = sides[f"skein-{experts}"]
        changed = any(apart(a, b) > 10 * TOLERANCE["f32"]
                      for a, b in zip(side.answers[-1]["loglik"], plain.answers[-1]["loglik"]))
        yield result(f"tokens/s lost by routing over {experts} experts", shape,
                     100 * (1 - plain.seconds / side.seconds), bar, unit="%", most=True,
                     agree=(changed, "routed and plain differ, as they should" if changed
                            else "routing changed nothing"),
                     skein=f"{tokens / side.seconds:.0f} tok/s",
                     other=f"plain {tokens / plain.seconds:.0f} tok/s", skein_seconds=side.seconds)


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
                 statistics.median(seconds[1:]), bench.bar(0.7, avx2=0.8), unit="s", most=True,
                 skein=f"peak {usage.ru_maxrss * 1024 / GIB:.2f} GiB", other=f"files {held / GIB:.2f} GiB")


def xl(bench):
    shape = bench.shape("t5-xl")
    numbers = train_numbers(bench, shape, "--dtype", "bf16", "--recompute", "--max-tokens", "2048",
                            "--steps", "1")
    yield result("one gate-training step of 2048 tokens, bf16 weights, recompute, resident", shape,
                 float(numbers["peak_bytes"]) / 1e9, 12, unit="GB", most=True,
                 skein=f"{float(numbers['step_seconds']):.0f} s", other="", numbers=numbers)


def threads(bench):
    shape = bench.shape("t5-v1_1-base")
    sides = bench.alternate({"skein-2": bench.skein_gate(shape, threads=2),
                             "skein-1": bench.skein_gate(shape, threads=1)})
    two, one = sides["skein-2"], sides["skein-1"]
    tokens = gate_tokens(one)
    same = [a["loss"] for a in one.answers] == [a["loss"] for a in two.answers]
    yield result("2 threads over 1", shape, one.seconds / two.seconds, 1.85,
                 agree=(same, "losses are " + ("equal" if same else "not equal")),
                 skein=f"{tokens / two.seconds:.0f} tok/s", other=f"1: {tokens / one.seconds:.0f} tok/s")


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
                     other=f"plain {tokens / plain.seconds:.0f} tok/s",
                     skein_seconds=side.seconds, skein_peak=side.peak)
