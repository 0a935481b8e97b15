"""What skein is compared with: T5 of Hugging Face transformers, LoRA of PEFT, gates of PHATGOOSE.

Nothing of T5 or LoRA is written here. Only the gate is ours, because neither library has it:
y = W x + scale * B A (sigmoid(v . x) x), with x the raw input of the linear (arXiv 2402.05859,
section 3). PEFT computes scale * B(A(x)), so a hook in front of A that returns sigmoid(v . x) x is
the whole of it.
"""

import re

import torch
from peft.tuners.lora import LoraLayer

ADAPTER = "default"
DECODER_START = 0
PAD = 0


def lora_layers(model):
    """The covered linears of a PEFT model: {module name: layer}, in module order."""
    prefix = re.compile(r"^base_model\.model\.")
    return {prefix.sub("", name): layer for name, layer in model.named_modules()
            if isinstance(layer, LoraLayer)}


def zero_gates(model):
    return {name: torch.nn.Parameter(torch.zeros(layer.in_features))
            for name, layer in lora_layers(model).items()}


def attach_gates(model, gates):
    """Puts the expert behind its gates; returns a function that takes them off again."""
    def gated(vector):
        return lambda module, inputs: torch.sigmoid(inputs[0] @ vector).unsqueeze(-1) * inputs[0]

    hooks = [layer.lora_A[ADAPTER].register_forward_pre_hook(gated(gates[name]))
             for name, layer in lora_layers(model).items()]
    return lambda: [hook.remove() for hook in hooks]


def shifted(target):
    return [DECODER_START] + target[:-1]


def example_logits(model, example):
    """Logits [target length, vocabulary] of one example, alone and unpadded."""
    return model(input_ids=torch.tensor([example["input"]]),
                 decoder_input_ids=torch.tensor([shifted(example["target"])]),
                 use_cache=False).logits[0]


def padded_logits(model, examples):
    """The same for several examples in one padded batch with masks: a list of [length, vocabulary].
    Padding is on the right, so the causal mask already hides padded decoder positions."""
    def pad(rows):
        width = max(map(len, rows))
        ids = torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        return ids, mask

    inputs, input_mask = pad([e["input"] for e in examples])
    decoder, _ = pad([shifted(e["target"]) for e in examples])
    logits = model(input_ids=inputs, attention_mask=input_mask, decoder_input_ids=decoder,
                   use_cache=False).logits
    return [row[:len(e["target"])] for row, e in zip(logits, examples)]


def token_nll(logits, examples):
    """Cross-entropy of every target token, examples one after the other."""
    return torch.cat([torch.nn.functional.cross_entropy(z, torch.tensor(e["target"]),
                                                        reduction="none")
                      for z, e in zip(logits, examples)])
