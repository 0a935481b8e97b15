"""Writes tests/golden/activation: the mean inputs of an expert's modules, by hooks on PEFT's layers.

Each file is <case>.<expert>.safetensors and holds, over all examples of the case's expected.json,
    <module>.mean      mean over examples of the mean over the example's tokens of u
    <module>.absolute  mean over all tokens of |u|
where u is the input of the module, one example at a time and unpadded, with the expert active; the
decoder reads the target shifted right. Sums are in f64.
"""

import json
import shutil

import peft
import torch
import transformers
from safetensors.torch import save_file

from reference import example_logits, lora_layers

WANTED = [("v1_1", "expert_all"), ("v1_0", "expert_qv")]


class Collector:
    """Sums of the inputs of one layer."""

    def __init__(self, layer):
        self.mean = torch.zeros(layer.in_features, dtype=torch.float64)
        self.absolute = torch.zeros(layer.in_features, dtype=torch.float64)
        self.examples = self.tokens = 0
        self.hook = layer.register_forward_pre_hook(self.see)

    def see(self, module, inputs):
        (u,) = inputs[0].double()  # a batch of one
        self.mean += u.mean(0)
        self.absolute += u.abs().sum(0)
        self.examples += 1
        self.tokens += len(u)


def collect(path, expert):
    base = transformers.T5ForConditionalGeneration.from_pretrained(
        path / "base", dtype=torch.float32, attn_implementation="eager")
    model = peft.PeftModel.from_pretrained(base, path / expert).eval()
    collectors = {name: Collector(layer) for name, layer in lora_layers(model).items()}
    examples = json.loads((path / "expected.json").read_text())["examples"]
    with torch.no_grad():
        for example in examples:
            example_logits(model, example)
    out = {}
    for name, c in collectors.items():
        assert c.examples == len(examples)
        out[f"{name}.mean"] = (c.mean / c.examples).float()
        out[f"{name}.absolute"] = (c.absolute / c.tokens).float()
    return out


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for case, expert in WANTED:
        save_file(collect(path.parent / case, expert), path / f"{case}.{expert}.safetensors")
