"""Compares skein with PyTorch on checkpoints that the authors of PHATGOOSE and GLIDER released, for who
has them; they are not in this repository.

    python tests/oracle/check_released.py --skein build/release/skein --base DIR --items FILE.jsonl \\
        (--checkpoint best.pt --names FILE | --directory DIR [--raw-gates]) [--limit N]

Imports the checkpoint, asks skein for the log-likelihoods of the choices of the first N items
({"input", "choices"} a line) routed by PHATGOOSE, computes the same with transformers' T5 and the
routing of tests/oracle/routed.py, which reads the checkpoint with torch alone, and exports the pool
again: every tensor of an expert has to come back equal. Of gates of length 1 it says whether they are
the first right singular vectors of B A.

The pool and the export lie in a temporary directory: it takes about twice the size of the checkpoint.
The forward is dense over experts, in double where routed.py is: seconds an item at T5-XL's size and
some experts, and the memory of base and experts in f32. Try --limit 1 first.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import torch
import transformers

import routed
from released import RAW_RULE, RULE

PREFIX = "base_model.model."
PARTS = [  # (what follows the name of a linear, the part, whether it is turned)
    (r"\._addons\.expert_lora\.layer1__(\d+)", "a", True),
    (r"\._addons\.expert_lora\.layer2__(\d+)", "b", True),
    (r"\._addons\.router\.expert_embeddings__(\d+)", "gate", False),
    (r"\.lora_A\.default\.weight()", "a", False),
    (r"\.lora_B\.default\.weight()", "b", False),
    (r"\.lora_gate\.default()", "gate", False),
]


def experts_of(state):
    """{number: {linear: {a, b, gate}}} of a checkpoint of either kind; left over embeddings aside."""
    experts = {}
    for key, value in state.items():
        name = key.removeprefix(PREFIX)
        for pattern, part, turned in PARTS:
            match = re.fullmatch(r"(.+)" + pattern, name)
            if match:
                expert = experts.setdefault(int(match[2] or 0), {})
                expert.setdefault(match[1], {})[part] = value.T if turned else value
                break
        else:
            assert name.endswith("embed_tokens.weight"), f"{key}: of no expert"
    return [experts[number] for number in sorted(experts)]


def load(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def read_checkpoints(args):
    if args.checkpoint:
        return experts_of(load(args.checkpoint))
    files = sorted(args.directory.glob("*_best.pt"))
    return [experts_of(load(file))[0] for file in files]


def prepared(expert):
    """As routed.py has experts; both papers' code scales by 1 / r."""
    return {name: {"a": f["a"].double(), "b": f["b"].double(), "gate": f["gate"].float(),
                   "scale": 1 / f["a"].shape[0]} for name, f in expert.items()}


def log_likelihoods(model, tokenizer, item):
    """Of each choice: the sum over its tokens, EOS counted."""
    out = []
    for choice in item["choices"]:
        ids = tokenizer(item["input"], return_tensors="pt").input_ids
        labels = tokenizer(choice, return_tensors="pt").input_ids
        with torch.no_grad():
            logits = model(input_ids=ids, labels=labels).logits[0]
        out.append(logits.log_softmax(1).gather(1, labels[0][:, None]).sum().item())
    return out


def reference(args, items):
    tokenizer = transformers.T5Tokenizer.from_pretrained(args.base)
    model = transformers.T5ForConditionalGeneration.from_pretrained(args.base).float().eval()
    experts = {str(i): prepared(e) for i, e in enumerate(read_checkpoints(args))}
    routing = routed.Routed(experts, None, None, RAW_RULE if args.raw_gates else RULE)
    routing.attach(model)
    for item in items:
        yield log_likelihoods(model, tokenizer, item)


def skein(args, *words):
    done = subprocess.run([args.skein, *map(str, words)], check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def import_pool(args, pool):
    if args.checkpoint:
        words = ["phatgoose", pool, "--checkpoint", args.checkpoint, "--names", args.names]
        words = words if args.names else words[:-2]
    else:
        words = ["glider", pool, "--directory", args.directory]
    words += ["--raw-gates"] * args.raw_gates
    print(skein(args, "pool", "import", *words, "--base", args.base))


def check_scores(args, pool, items, folder):
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in items))
    lines = skein(args, "score", "--pool", pool, "--router", "phatgoose", "--input", file)
    worst = 0
    for line, want in zip(lines.splitlines(), reference(args, items), strict=True):
        got = json.loads(line)["loglik"]
        apart = max(abs(g - w) / max(abs(w), 1) for g, w in zip(got, want, strict=True))
        print("item:", [round(w, 4) for w in want], f"apart by {apart:.1e}")
        worst = max(worst, apart)
    assert worst < args.bound, f"log-likelihoods are {worst} apart, {args.bound} is allowed"


def same(before, after):
    return before.keys() == after.keys() and all(
        torch.equal(before[m][part].float(), after[m][part].float())
        for m in before for part in before[m])


def check_export(args, pool, folder):
    kind = "phatgoose" if args.checkpoint else "glider"
    skein(args, "pool", "export", kind, pool, folder / "out")
    again = argparse.Namespace(checkpoint=args.checkpoint and folder / "out",
                               directory=args.directory and folder / "out")
    before, after = read_checkpoints(args), read_checkpoints(again)
    assert len(before) == len(after) and all(map(same, before, after)), "the export differs"
    print(f"export: {len(after)} experts are equal, read by torch.load(weights_only=True)")


def describe_gates(args):
    for i, expert in enumerate(read_checkpoints(args)):
        if not all(abs(f["gate"].float().norm() - 1) < 1e-2 for f in expert.values()):
            continue
        cosine = min(abs(routed.prototype(prepared({m: f})[m]) @ f["gate"].double()).item()
                     for m, f in expert.items())
        print(f"expert {i}: gates of length 1, |cosine| with singular vectors at least {cosine:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--skein", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--items", required=True, type=pathlib.Path)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--names", type=pathlib.Path)
    parser.add_argument("--directory", type=pathlib.Path)
    parser.add_argument("--raw-gates", action="store_true")
    parser.add_argument("--limit", type=int, default=4)
    parser.add_argument("--bound", type=float, default=1e-3)
    args = parser.parse_args()
    assert bool(args.checkpoint) != bool(args.directory), "give a checkpoint or a directory"
    items = [json.loads(line) for line in args.items.read_text().splitlines()[:args.limit]]
    with tempfile.TemporaryDirectory() as folder:
        pool = pathlib.Path(folder) / "pool"
        import_pool(args, pool)
        check_scores(args, pool, items, pathlib.Path(folder))
        check_export(args, pool, pathlib.Path(folder))
    describe_gates(args)


if __name__ == "__main__":
    main()
