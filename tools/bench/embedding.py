"""The rows of texts: all-MiniLM-L6-v2 in skein, in sentence-transformers and in ONNX Runtime."""

import hashlib
import json
import shutil
import statistics
import sys
import time

import numpy as np
from safetensors.numpy import load_file

from bench import HERE
from rows import result

ROOT = HERE.parent.parent
APART = 1e-5  # of 1 - cosine
TEXTS, TEXTS_QUICK = 400, 64  # at most, from all over the file
DEMO = ROOT / "configs" / "demo"
PEERS = {"torch": ("sentence-transformers", 1.5), "onnx": ("ONNX Runtime", 1.0)}

sys.path.append(str(ROOT / "tests" / "oracle"))
import sentence_data  # noqa: E402


def texts_of(bench, name):
    """The file of the texts: instructions lie beside the directory of the P3 sets."""
    data = bench.arguments.data
    folder = data.parent / "instructions" if name == "instructions" else data
    make = getattr(sentence_data, name)

    most = TEXTS_QUICK if bench.arguments.quick else TEXTS

    def write(file):
        texts = list(make(folder))
        if not texts:
            raise SystemExit(f"{folder}: no texts")
        chosen = [texts[i * len(texts) // most] for i in range(most)] if len(texts) > most else texts
        file.write_text("".join(json.dumps({"input": text}) + "\n" for text in chosen))
    return bench.parts.made(bench.root / f"texts-{name}-{most}.jsonl", write)


def exported(bench, encoder):
    def make(file):
        bench.answer(bench.python("sentences.py", "export", "--encoder", encoder, "--model", file))
    return bench.parts.made(bench.root / "minilm.onnx", make)


def commands(bench, encoder, file):
    """{side: command}"""
    given = ["--encoder", encoder, "--input", file, "--threads", bench.threads]
    return {"skein": [bench.skein, "bench", "embed", "--embedder", encoder, "--input", file, "--threads",
                      bench.threads],
            "torch": bench.python("sentences.py", "torch", *given, "--output", bench.log / "torch.npy"),
            "onnx": bench.python("sentences.py", "onnx", *given, "--model", exported(bench, encoder),
                                 "--output", bench.log / "onnx.npy")}


def whole_command(bench, encoder, file):
    """Seconds of `skein embed` from its start to the written file, the median, and its vectors."""
    pool = bench.root / "texts-pool"
    shutil.rmtree(pool, ignore_errors=True)
    bench.answer([bench.skein, "pool", "init", pool, "--base", DEMO / "base"])
    bench.answer([bench.skein, "pool", "add", pool, "texts", "--adapter", DEMO / "experts" / "hue", "--gate",
                  DEMO / "gates" / "hue.safetensors", "--instruction", "any"])
    seconds = []
    for _ in range(min(3, bench.arguments.rounds)):
        start = time.perf_counter()
        bench.answer([bench.skein, "embed", pool, "--embedder", encoder, "--examples", f"texts={file}",
                      "--limit", 1000000, "--threads", bench.threads])
        seconds.append(time.perf_counter() - start)
    (made,) = (pool / "embeddings").glob("examples-sentence-*.safetensors")
    return statistics.median(seconds), load_file(made)["embeddings"]


def distance(a, b):
    """The largest 1 - cosine of two rows."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float((1 - (a * b).sum(axis=1) / norms).max())


def vectors_agree(side, vectors, others):
    """Those of the command, which the benchmark's must be to the bit, with those of another side."""
    same = {answer["sha256"] for answer in side.answers} == {hashlib.sha256(vectors.tobytes()).hexdigest()}
    apart = distance(vectors, others)
    return same and apart <= APART, (f"1 - cosine is {apart:.0e} at most; the vectors of skein embed are "
                                     f"{'those' if same else 'NOT those'} of skein bench embed, to the bit")


def embedding(bench, name, what):
    encoder, file = sentence_data.fetch_model(), texts_of(bench, name)
    sides = bench.alternate(commands(bench, encoder, file))
    whole, vectors = whole_command(bench, encoder, file)
    one, count = sides["skein"], len(vectors)
    for side, (peer, bar) in PEERS.items():
        other, shape = sides[side], "all-MiniLM-L6-v2"
        batch, load = other.answers[-1]["batch"], other.answers[-1]["load_seconds"]
        agree = vectors_agree(one, vectors, np.load(bench.log / f"{side}.npy"))
        yield result(f"{what}, texts/s, warm; batch {batch}", shape, other.seconds / one.seconds, bar,
                     agree=agree, peer=peer, skein=f"{count / one.seconds:.0f} texts/s",
                     other=f"{count / other.seconds:.0f} texts/s", skein_seconds=one.seconds,
                     other_seconds=other.seconds, skein_peak=one.peak, other_peak=other.peak)
        yield result(f"{what}, the whole command; the other: {load:.1f} s of loading and one pass", shape,
                     (load + other.seconds) / whole, None, peer=peer, skein=f"{whole:.2f} s",
                     other=f"{load + other.seconds:.2f} s")
