"""The real encoder of sentences, and texts for it: what check_sentence.py and tools/bench compare on."""

import json
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
P3_INPUTS = 2000


def fetch_model():
    """The directory of all-MiniLM-L6-v2."""
    done = subprocess.run(["sh", ROOT / "tools" / "minilm"], stdout=subprocess.PIPE, text=True,
                          env=os.environ | {"PYTHON": sys.executable})
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    return pathlib.Path(done.stdout.strip())


def instructions(folder):
    """Texts of *.json: {name: text or [texts]}."""
    for path in sorted(folder.glob("*.json")):
        for value in json.loads(path.read_text()).values():
            yield from (text for text in (value if isinstance(value, list) else [value]) if text.strip())


def p3_inputs(folder):
    """A sample of the inputs of *.jsonl.zst, of each file as many."""
    files = sorted(folder.glob("*.jsonl.zst"))
    texts = []
    for path in files:
        text = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout
        lines = text.decode().strip().split("\n")
        for line in random.Random(path.name).sample(lines, min(len(lines), P3_INPUTS // len(files) + 1)):
            texts.append(json.loads(line)["input"])
    return [text for text in texts[:P3_INPUTS] if text.strip()]
