"""PEFT's own Arrow on PyTorch: the routed peer that pip installs, over the same PEFT directories.

    python arrow.py --base DIR --pool DIR --input FILE      log-likelihoods of the choices of items

Like reference.py it answers every line of standard input with one line of JSON. A line may be JSON with
what this answer is to be made with: top_k; exact, for prototypes that are singular vectors; chosen, for
the experts that the encoder's tokens of the first item went to.

As a user of PEFT has it (peft.tuners.lora.arrow, 0.21.2), padded batches on transformers:
  - create_arrow_model loads every directory; a prototype is what 15 steps of power iteration on
    (BA)^T BA leave of a random vector, so near the first right singular vector where the second
    singular value is clearly smaller
  - logits are |u . p|; the k largest, softmax over them at router_temperature 1
  - every expert is computed for every token, [tokens, experts, d_out] in all, scaled by its own
    alpha / r, and summed with weights of which all but k are 0: outputs are mixed, not parameters
  - general knowledge subtraction (use_gks) is off, as it is by default
"""

import argparse
import json
import pathlib
import sys
import time

import torch
import transformers
from peft import ArrowConfig
from peft.tuners.lora.arrow import create_arrow_model

from process import forget_peak, resident_peak
from reference import load_base, pool_folders, score
from texts import Text, read_lines

ROUTER = "arrow_router"  # PEFT's name


def load(arguments):
    folders = [str(folder) for folder in pool_folders(arguments.pool)]
    config = ArrowConfig(top_k=min(arguments.top_k, len(folders)), rng_seed=arguments.seed)
    model = create_arrow_model(load_base(arguments), folders, config)
    return model.eval().requires_grad_(False)


def routed_linears(model):
    return [(name, module, module.lora_arrow[ROUTER]) for name, module in model.named_modules()
            if hasattr(module, "lora_arrow")]


# ---- prototypes ----

def singular_vector(a, b):
    """The first right singular vector of B A, by QR of both factors."""
    _, left = torch.linalg.qr(b.double())
    q, right = torch.linalg.qr(a.double().T)
    return (q @ torch.linalg.svd(left @ right.T).Vh[0]).float()


def exact_prototypes(module, arrow):
    return torch.stack([singular_vector(module.lora_A[name].weight, module.lora_B[name].weight)
                        for name in arrow.task_adapter_names])


class Prototypes:
    """Both kinds, of every linear."""

    def __init__(self, model):
        self.linears = routed_linears(model)
        self.kinds = None
        self.cosines = None

    def use(self, exact):
        if self.kinds is None:
            self.make()
        for name, _, arrow in self.linears:
            arrow.prototypes = self.kinds[exact][name]

    def make(self):
        """After the first forward, in which PEFT makes its own."""
        own = {name: arrow.prototypes for name, _, arrow in self.linears}
        exact = {name: exact_prototypes(module, arrow) for name, module, arrow in self.linears}
        self.kinds = {False: own, True: exact}
        cosines = torch.cat([(own[name] * exact[name]).sum(dim=1).abs() for name in own])
        self.cosines = {"smallest": cosines.min().item(), "median": cosines.median().item(),
                        "below_0.99": (cosines < 0.99).float().mean().item()}


# ---- who was chosen ----

class Watch:
    """Weights of the encoder's tokens of one sequence, the mean over the linears that its rows pass."""

    def __init__(self, model, tokens):
        self.sum, self.modules, self.tokens = None, 0, tokens
        self.hooks = [arrow.register_forward_hook(self.add) for name, _, arrow in routed_linears(model)
                      if ".encoder." in name or name.endswith(("EncDecAttention.k", "EncDecAttention.v"))]

    def add(self, arrow, arguments, _):
        similarity = torch.abs(arguments[0][0, :self.tokens] @ arrow.prototypes.T)
        values, chosen = similarity.topk(arrow.top_k, dim=1)
        weights = torch.zeros_like(similarity).scatter_(1, chosen, values.softmax(dim=1))
        self.sum = weights if self.sum is None else self.sum + weights
        self.modules += 1

    def result(self):
        for hook in self.hooks:
            hook.remove()
        return (self.sum / self.modules).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--pool", type=pathlib.Path, required=True)
    parser.add_argument("--input", type=pathlib.Path, required=True)
    parser.add_argument("--batch", type=int, default=1, help="items in one forward")
    parser.add_argument("--top-k", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the power iteration")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    arguments = parser.parse_args()
    arguments.bf16 = False
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    model = load(arguments)
    text, lines = Text(arguments.base), read_lines(arguments.input)
    measure = score(model, text, lines, arguments)
    first = score(model, text, lines[:1], arguments)
    prototypes = Prototypes(model)
    forget_peak()
    for line in sys.stdin:
        question = json.loads(line) if line.strip() else {}
        if question:
            prototypes.use(question.get("exact", False))
        for _, _, arrow in prototypes.linears:
            arrow.top_k = question.get("top_k", arguments.top_k)
        start = time.perf_counter()
        answer = measure()
        answer["seconds"] = time.perf_counter() - start
        answer |= {"peak_bytes": resident_peak(), "cosines": prototypes.cosines}
        if question.get("chosen"):
            watch = Watch(model, len(text.ids(lines[0]["input"])))
            first()
            answer["chosen"] = watch.result()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
