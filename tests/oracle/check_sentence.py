"""Embeds texts by the real all-MiniLM-L6-v2, with skein and with sentence-transformers, and compares.

    python -B tests/oracle/check_sentence.py SKEIN [DATA]

The model is the one that tools/minilm fetches. DATA is a folder with instructions/*.json ({name: text or
[texts]}) and t0/*.jsonl.zst (P3, {"input"} a line); without it, texts of our own are taken. Token ids must be equal, and vectors agree to 1e-5 in cosine.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

import odd_texts
from sentence_data import fetch_model, instructions, p3_inputs

ROOT = pathlib.Path(__file__).resolve().parents[2]


def texts_of(data):
    if data is None:
        return [text for text in odd_texts.rows() if text.strip()]
    return list(instructions(data / "instructions")) + p3_inputs(data / "t0")


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def skein_ids(skein, model, lines, folder):
    out = folder / "ids.jsonl"
    run(skein, "tokens", "--base", model, "--input", lines, "-o", out)
    return [json.loads(line)["ids"] for line in out.read_text().strip().split("\n")]


def skein_vectors(skein, model, lines, folder):
    demo, pool = ROOT / "configs" / "demo", folder / "pool"
    run(skein, "pool", "init", pool, "--base", demo / "base")
    run(skein, "pool", "add", pool, "texts", "--adapter", demo / "experts" / "hue", "--gate",
        demo / "gates" / "hue.safetensors", "--instruction", "one")
    print(run(skein, "embed", pool, "--embedder", model, "--examples", f"texts={lines}", "--limit", 1000000))
    (file,) = (pool / "embeddings").glob("examples-sentence-*.safetensors")
    return load_file(file)["embeddings"]


def main():
    skein, data = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None
    model, texts = fetch_model(), texts_of(pathlib.Path(data) if data else None)
    folder = pathlib.Path(tempfile.mkdtemp())
    lines = folder / "texts.jsonl"
    reference = SentenceTransformer(str(model), device="cpu")
    tokenizer = reference.tokenizer.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = [e.ids for e in tokenizer.encode_batch(texts)]
    # Begin and end alone are no content, which skein refuses.
    texts, wanted = zip(*((text, of) for text, of in zip(texts, ids, strict=True) if len(of) > 2))
    lines.write_text("".join(json.dumps({"input": text}) + "\n" for text in texts))
    different = sum(a != b for a, b in zip(skein_ids(skein, model, lines, folder), wanted, strict=True))
    got = skein_vectors(skein, model, lines, folder)
    want = torch.tensor(reference.encode(list(texts), batch_size=32, show_progress_bar=False))
    cosine = torch.cosine_similarity(got.double(), want.double(), dim=1)
    print(f"{len(texts)} texts, {different} with other ids; 1 - cosine: {(1 - cosine).max().item():.2e} at most,"
          f" vectors apart: {(got - want).abs().max().item():.2e}")
    shutil.rmtree(folder)
    sys.exit(different > 0 or (1 - cosine).max().item() > 1e-5)


if __name__ == "__main__":
    main()
