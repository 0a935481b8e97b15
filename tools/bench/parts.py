"""Makes what both sides are measured on, once: bases with random weights, LoRA experts and gates with
random values, pools of them, and texts of a data directory.

    base       `skein train base` without a step: the initial weights of transformers with a smaller
               embedding, seed 42
    expert     rank 16, alpha 1, every linear of every block; A ~ N(0, 1/d_in), B ~ N(0, 0.4^2), so
               that an expert changes what a linear gives by a tenth or so
    gate       N(0, 0.1^2); routing standardises it
    pool       of n experts; the first DISTINCT have files of their own, later ones have gates of
               their own and the factors of an earlier one (hard links: the disk does not hold 512
               at a real shape; the arithmetic and its order are those of distinct ones)
    ct2        a base as CTranslate2 converts it, f32
    texts      lines of one P3 set (JSONL.zst), as a gate is trained on one and a task is evaluated
               alone, or of all, mixed; natural lengths, in a fixed random order
"""

import hashlib
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import numpy as np
import yaml
from safetensors.numpy import save_file

RANK, ALPHA, DISTINCT, CHOICES = 16, 1, 166, 4
EMBEDDING = 0.1  # spread: at 1 a model whose head is its embedding repeats its last token
WORDS = 8  # of a choice at most
PIECES = 16000


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr.strip()}")
    return done.stdout


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Parts:
    def __init__(self, skein, root, data, name):
        self.skein, self.root, self.data, self.set = skein, root, data, name
        root.mkdir(parents=True, exist_ok=True)

    def made(self, path, make):
        """path, made by make(scratch) if it is not there; whole or not at all."""
        if not path.exists():
            scratch = path.with_name(f".{path.name}.new")
            if scratch.is_dir():
                shutil.rmtree(scratch)
            print(f"making {path}", flush=True)
            scratch.parent.mkdir(parents=True, exist_ok=True)
            make(scratch)
            scratch.rename(path)
        return path

    # ---- texts ----

    def rows(self, name):
        text = run("zstdcat", self.data / f"{name}.jsonl.zst")
        return [json.loads(line) for line in text.split("\n") if line]

    def sets(self):
        names = sorted(path.name[:-len(".jsonl.zst")] for path in self.data.glob("*.jsonl.zst"))
        if not names:
            raise SystemExit(f"{self.data}: no *.jsonl.zst; name the directory of the P3 sets with --data")
        return names

    def lines(self, kind, pick):
        """Lines of the set, or, when it is "mixed", a few of every set that has such lines."""
        def make(file):
            if self.set == "mixed":
                rows = [row for name in self.sets() for row in pick(self.rows(name), 8)]
            else:
                rows = pick(self.rows(self.set), 64)
            random.Random(1).shuffle(rows)
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return self.made(self.root / f"{kind}-{self.set}.jsonl", make)

    def examples(self):
        """Lines to train on."""
        return self.lines("examples", lambda rows, count: [
            {"input": row["input"], "target": row["target"]} for row in spread(rows, count)])

    def items(self):
        """Lines with choices: a row's target and three others of its template."""
        return self.lines("items", choosing)

    def one_choice(self, file):
        """The items of a file with their first choice only."""
        def make(new):
            lines = [json.loads(line) for line in open(file)]
            new.write_text("".join(json.dumps(line | {"choices": line["choices"][:1]}) + "\n"
                                   for line in lines))
        return self.made(file.with_name(f"{file.stem}-one.jsonl"), make)

    def head(self, file, lines):
        def make(new):
            new.write_text("".join(itertools.islice(open(file), lines)))
        return self.made(file.with_name(f"{file.stem}-{lines}.jsonl"), make)

    # ---- weights ----

    def tokenizer(self):
        def make(scratch):
            scratch.mkdir()
            text = scratch / "text.jsonl"
            text.write_text("".join(json.dumps(row) + "\n"
                                    for name in self.sets() for row in self.rows(name)[::6]))
            self.train_base(scratch / "run", text, "demo", f"model.pieces={PIECES}")
            shutil.move(scratch / "run" / "spiece.model", scratch / "spiece.model")
            shutil.rmtree(scratch / "run")
            text.unlink()
        return self.made(self.root / "tokenizer", make) / "spiece.model"

    def train_base(self, output, text, shape, *settings):
        command = [self.skein, "train", "base"]
        for setting in [f"model.shape={shape}", "train.steps=0", f"data.train={text}",
                        f"output={output}", *settings]:
            command += ["-s", setting]
        run(*command)

    def base(self, shape, dtype="f32"):
        def make(scratch):
            settings = [f"model.dtype={dtype}", f"model.tokenizer={self.tokenizer()}",
                        f"model.embedding_std={EMBEDDING}"]
            if shape != "demo":
                settings.append("model.vocab_size=32128")
            self.train_base(scratch / "run", self.examples(), shape, *settings)
            for name in ("config.json", "model.safetensors"):
                shutil.move(scratch / "run" / name, scratch / name)
            shutil.copy(self.tokenizer(), scratch / "spiece.model")
            shutil.rmtree(scratch / "run")
        return self.made(self.root / shape / dtype, make)

    def ct2(self, shape):
        """The base in CTranslate2's form."""
        base = self.base(shape)
        return self.made(self.root / shape / "ct2", lambda scratch: run(
            sys.executable, "-B", pathlib.Path(__file__).with_name("ct2.py"), "convert",
            "--base", base, "--model", scratch))

    def linears(self, shape):
        """[(module, d_in, d_out)] of every linear in a block."""
        c = json.loads((self.base(shape) / "config.json").read_text())
        d, inner, ff = c["d_model"], c["num_heads"] * c["d_kv"], c["d_ff"]
        attention = [("q", d, inner), ("k", d, inner), ("v", d, inner), ("o", inner, d)]
        wide = ["wi_0", "wi_1"] if c["is_gated_act"] else ["wi"]
        dense = [(name, d, ff) for name in wide] + [("wo", ff, d)]
        stacks = [("encoder", c["num_layers"], [("SelfAttention", attention), ("DenseReluDense", dense)]),
                  ("decoder", c["num_decoder_layers"], [("SelfAttention", attention),
                                                        ("EncDecAttention", attention),
                                                        ("DenseReluDense", dense)])]
        return [(f"{stack}.block.{block}.layer.{i}.{layer}.{name}", d_in, d_out)
                for stack, blocks, layers in stacks for block in range(blocks)
                for i, (layer, members) in enumerate(layers) for name, d_in, d_out in members]

    def expert(self, shape, number):
        """A PEFT directory."""
        def make(scratch):
            scratch.mkdir()
            rng = np.random.default_rng([7, number])
            tensors = {}
            for module, d_in, d_out in self.linears(shape):
                stem = f"base_model.model.{module}.lora_"
                a = rng.standard_normal((RANK, d_in), np.float32)
                tensors[stem + "A.weight"] = a * np.float32(d_in ** -0.5)
                tensors[stem + "B.weight"] = rng.standard_normal((d_out, RANK), np.float32) * np.float32(0.4)
            save_file(tensors, scratch / "adapter_model.safetensors")
            names = sorted({module.rpartition(".")[2] for module, _, _ in self.linears(shape)})
            (scratch / "adapter_config.json").write_text(json.dumps(
                {"peft_type": "LORA", "task_type": "SEQ_2_SEQ_LM", "r": RANK, "lora_alpha": ALPHA,
                 "base_model_name_or_path": shape, "target_modules": names, "bias": "none",
                 "fan_in_fan_out": False, "inference_mode": True, "lora_dropout": 0.0}))
            facts = json.loads(run(self.skein, "inspect", "--json", "--base", self.base(shape), scratch))
            facts = {"fingerprint": facts["fingerprint"],
                     "files": {name: sha256(scratch / name)
                               for name in ("adapter_config.json", "adapter_model.safetensors")}}
            (scratch / "facts.json").write_text(json.dumps(facts))
        return self.made(self.root / shape / "experts" / f"e{number:03d}", make)

    def gate(self, shape, number, expert_print, base_print):
        def make(file):
            rng = np.random.default_rng([8, number])
            save_file({f"{module}.gate": rng.standard_normal(d_in, np.float32) * np.float32(0.1)
                       for module, d_in, _ in self.linears(shape)}, file,
                      {"format": "skein-gate", "version": "1", "base": base_print,
                       "expert": expert_print, "recipe": "custom", "steps": "1", "seed": "8"})
        return self.made(self.root / shape / "gates" / f"e{number:03d}.safetensors", make)

    def pool(self, shape, count):
        """A pool of hard links to experts and gates."""
        def make(scratch):
            run(self.skein, "pool", "init", scratch, "--base", self.base(shape))
            manifest = yaml.safe_load((scratch / "pool.yaml").read_text())
            manifest["experts"] = [self.pool_entry(scratch, shape, number, manifest["base"]["fingerprint"])
                                   for number in range(count)]
            (scratch / "pool.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
        return self.made(self.root / shape / f"pool-{count}", make)

    def pool_entry(self, pool, shape, number, base_print):
        expert = self.expert(shape, number % DISTINCT)
        facts = json.loads((expert / "facts.json").read_text())
        gate = self.gate(shape, number, facts["fingerprint"], base_print)
        folder = pool / "experts" / f"e{number:03d}"
        folder.mkdir(parents=True)
        for name in facts["files"]:
            os.link(expert / name, folder / name)
        os.link(gate, folder / "gate.safetensors")
        return {"name": folder.name, "rank": [RANK, RANK], "alpha": [ALPHA, ALPHA],
                "modules": len(self.linears(shape)), "fingerprint": facts["fingerprint"],
                "instruction": "", "licence": "",
                "files": facts["files"] | {"gate.safetensors": sha256(gate)}}


def spread(rows, count):
    return [rows[i * len(rows) // count] for i in range(count)]


def choosing(rows, count):
    short = [row for row in rows if len(row["target"].split()) <= WORDS]
    items = []
    for row in short:
        alike = {r["target"] for r in short if r["template"] == row["template"]}
        others = sorted(alike - {row["target"]})
        if len(others) >= CHOICES - 1:
            random.Random(len(items)).shuffle(others)
            items.append({"input": row["input"], "choices": [row["target"], *others[:CHOICES - 1]]})
    return spread(items, count) if len(items) >= count else []
