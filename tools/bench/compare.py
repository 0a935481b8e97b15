"""skein and others side by side: the same weights, texts and threads, in alternation.

    python tools/bench/compare.py                     every row
    python tools/bench/compare.py gate-base score-36  some
    python tools/bench/compare.py --quick --shape demo
    SKEIN_KERNEL=avx2 python tools/bench/compare.py   all sides held to AVX2

Needs what tests/oracle/requirements.txt names, ctranslate2 (4.8.5) for the rows against it, onnx and
onnxruntime (1.32.0) for those of embeddings, zstdcat, and the P3 sets (JSONL.zst with template, input,
target) in --data or $SKEIN_DATA; instructions that are embedded lie beside that directory. Everything it
makes is kept in build/bench; the results of the run are build/bench/results.csv and results.json.

The others are PyTorch as the papers' code uses it (reference.py), CTranslate2 (ct2.py: no routing),
PEFT's Arrow (arrow.py), and for embeddings sentence-transformers and ONNX Runtime (sentences.py). Each
side is one process that is asked for one repetition at a time, first once to warm up, then in turn; the
other waits without computing. Times are medians, without
opening files and starting. Tokens are real ones, never padding, an input once however many choices
share it; generation counts the tokens that are made. Peak memory is that of the whole process. A row
whose losses, likelihoods or texts differ by more than its tolerance is DISAGREE, whatever its speed,
and the exit code is 1. `others` is the share of the machine that other programs took while a row ran:
threads that wait for each other suffer from them more than their share, and not all sides alike.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import time

import embedding
import peers
import rows
from bench import HERE, Bench, Others, describe_machine

ROOT = HERE.parent.parent


ROWS = {
    "gate-small": lambda bench: rows.gate(bench, "t5-small"),
    "gate-base": lambda bench: rows.gate(bench, "t5-v1_1-base"),
    "gate-best": rows.gate_best,
    "fma-small": lambda bench: rows.fma(bench, "t5-small", 70),
    "fma-base": lambda bench: rows.fma(bench, "t5-v1_1-base", 78),
    "memory": rows.memory,
    "score-36": lambda bench: rows.score(bench, 36, (13, bench.bar(11, avx2=9))),
    "score-166": lambda bench: rows.score(bench, 166, (bench.bar(15, avx2=12), bench.bar(9, avx2=7.5))),
    "score-36-bf16": lambda bench: rows.score(bench, 36, (None, None), "bf16"),
    "score-166-bf16": lambda bench: rows.score(bench, 166, (None, None), "bf16"),
    "lost": rows.lost,
    "generate": rows.generation,
    "start": rows.start,
    "xl": rows.xl,
    "threads": rows.threads,
    "curve": rows.curve,
    "plain-generate-small": lambda bench: peers.generation(bench, "t5-small", peers.TEXTS),
    "plain-generate-base": lambda bench: peers.generation(bench, "t5-v1_1-base", peers.TEXTS),
    "plain-single-small": lambda bench: peers.generation(bench, "t5-small", 1),
    "plain-single-base": lambda bench: peers.generation(bench, "t5-v1_1-base", 1),
    "plain-score": lambda bench: peers.scoring(bench, 4, 5),
    "plain-score-1": lambda bench: peers.scoring(bench, 1, 1.3),
    "beams": peers.beams,
    "arrow": peers.arrow,
    "embed-instructions": lambda bench: embedding.embedding(bench, "instructions", "instructions embedded"),
    "embed-p3": lambda bench: embedding.embedding(bench, "p3_inputs", "inputs of P3 embedded"),
}


# ---- the table ----

def shown(value, unit):
    return f"{value:.3g} {unit}" if unit != "x" else f"{value:.3g}x"


def print_table(results):
    lines = [["row", "what", "shape", "kernel", "skein", "other", "", "measured", "bar", ""]]
    for r in results:
        bar = "" if r["bar"] is None else ("<= " if r["most"] else ">= ") + shown(r["bar"], r["unit"])
        lines.append([r["row"], r["what"], r["shape"], r["kernel"], r["skein"], r["other"], r["peer"],
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
    keys = ["row", "what", "shape", "kernel", "skein", "other", "peer", "measured", "unit", "bar", "most",
            "verdict", "others", "check"]
    with open(root / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, keys, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(results)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" ".join(ROWS))
    parser.add_argument("--shape", help="one shape for all rows: demo, t5-small, ...")
    parser.add_argument("--quick", action="store_true",
                        help="2 rounds of little work: a trial, no measurement")
    parser.add_argument("--threads", type=int, default=2, help="of every side [2]")
    parser.add_argument("--rounds", type=int, help="alternations [5]")
    parser.add_argument("--examples", type=int, help="of a gate-training step [16]")
    parser.add_argument("--items", type=int, help="that are scored [8]")
    parser.add_argument("--max-output", type=int, help="tokens generated of each text [64]")
    parser.add_argument("--batch", type=int, default=32, help="padded sequences in a forward of PyTorch [32]")
    parser.add_argument("--set", default="cosmos_qa", help="P3 set that texts are from, or mixed [cosmos_qa, "
                        "whose lengths and padding are near the median of 34 sets]")
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa",
                        help="of transformers [sdpa]")
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


def measure(bench, row):
    others = Others()
    lines = list(ROWS[row](bench))
    share = f"{others.percent():.0f} %"
    print(f"  others took {share} of the machine", flush=True)
    return [{"row": row, "kernel": bench.kernel, "others": share} | line for line in lines]


def main():
    bench = Bench(read_arguments())
    machine = describe_machine(bench)
    print(f"{machine['skein']} ({bench.kernel}) on {machine['cores']} x {machine['processor']}, "
          f"{bench.threads} threads, load {machine['load']:.1f}", flush=True)
    results = []
    for row in bench.arguments.rows:
        print(f"{row} ({time.strftime('%H:%M:%S')})", flush=True)
        results += measure(bench, row)
        write_results(bench.root, machine, results)
    print_table(results)
    sys.exit(any(r["verdict"] == "DISAGREE" for r in results))


if __name__ == "__main__":
    main()
