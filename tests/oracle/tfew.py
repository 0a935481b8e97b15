"""Writes tests/golden/tfew: the losses of T-Few on examples with choices, their gradients, and some steps
of training a PEFT (IA)3 by them with the Adafactor of transformers, on the base of tests/golden/v1_1.

    python tests/oracle/tfew.py               (after make_golden.py; versions: requirements.txt)

    expected.json         examples {input, choices, right} as ids; cases with weights, the loss, and the
                          loss with what masked tokens add to it; the losses of the training steps
    expected.safetensors
        start.<module>            the vectors that everything begins with
        grad.<case>.<module>      gradients there
        trained.<module>          values after training

The losses are computed as the released code of T-Few does it (arXiv 2205.05638, section 3.2), on a
padded rectangle of examples by choices by the longest choice, with an encoder pass an example.
"""

import copy
import json
import shutil

import peft
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

from make_golden import EOS, GOLDEN, load_base, pinned, write_json
from mixed import ia3_layers
from reference import ADAPTER, shifted

PATH = GOLDEN / "tfew"
SEED = 9
PAD = 0
SHAPES = [(7, [2, 4, 1]), (1, [3, 3]), (12, [5]), (4, [1, 6, 2, 2])]  # input, choices; EOS included
WEIGHTS = ("language", "choice", "unlikely", "length_norm")
CASES = {"all": (1, 1, 1, 1), "weighed": (0.5, 2, 0.25, 0.5), "language": (1, 0, 0, 1),
         "choice": (0, 1, 0, 1), "unlikely": (0, 0, 1, 0)}
TRAIN = dict(steps=4, lr=3e-2)


def make_examples(vocabulary, rng):
    def ids(length):
        return torch.randint(3, vocabulary, (length - 1,), generator=rng).tolist() + [EOS]
    return [{"input": ids(n), "choices": [ids(m) for m in choices], "right": (3 * i + 1) % len(choices)}
            for i, (n, choices) in enumerate(SHAPES)]


def token_nll(model, example, width):
    """Of every choice, padded with None to the width: [choices, width] and a mask."""
    encoded = model.get_base_model().encoder(input_ids=torch.tensor([example["input"]]))
    rows = []
    for choice in example["choices"]:
        logits = model(encoder_outputs=encoded, decoder_input_ids=torch.tensor([shifted(choice)]),
                       use_cache=False).logits[0]
        nll = F.cross_entropy(logits, torch.tensor(choice), reduction="none")
        rows.append(F.pad(nll, (0, width - len(choice))))
    mask = torch.tensor([[t < len(choice) for t in range(width)] for choice in example["choices"]])
    return torch.stack(rows), mask


def losses(model, examples):
    """The three losses with a length norm, and what masked tokens add to the last."""
    width = max(len(choice) for e in examples for choice in e["choices"])
    parts = [(e["right"], *token_nll(model, e, width)) for e in examples]

    def of(length_norm):
        right = torch.cat([nll[r][mask[r]] for r, nll, mask in parts])
        scores = [nll.sum(1) / mask.sum(1) ** length_norm for _, nll, mask in parts]
        choice = [F.cross_entropy(-s[None], torch.tensor([r])) for (r, _, _), s in zip(parts, scores)]
        wrong = torch.cat([nll[i][mask[i]] for r, nll, mask in parts for i in range(len(nll)) if i != r])
        unlikely = -torch.log(1 - torch.exp(-wrong) + 1e-2).sum() / len(wrong)
        cells = sum(nll.numel() for _, nll, _ in parts)
        masked = -torch.log(1 - torch.exp(torch.tensor(-100.0)) + 1e-2) * (cells - len(wrong))
        return right.mean(), torch.stack(choice).mean(), unlikely, (masked / len(wrong)).item()
    return of


def weighed(model, examples, weights):
    language, choice, unlikely, norm = weights
    l, c, u, masked = losses(model, examples)(norm)
    return language * l + choice * c + unlikely * u, unlikely * masked


def start(model, rng):
    layers = ia3_layers(model)
    for layer in layers.values():
        l = layer.ia3_l[ADAPTER]
        l.data = 1 + 0.3 * torch.randn(l.shape, generator=rng)
    return {name: layer.ia3_l[ADAPTER] for name, layer in layers.items()}


def main():
    pinned()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    shutil.rmtree(PATH, ignore_errors=True)
    PATH.mkdir(parents=True)
    base = load_base(GOLDEN / "v1_1" / "base")
    examples = make_examples(base.config.vocab_size, rng)
    model = peft.get_peft_model(copy.deepcopy(base), peft.IA3Config(task_type="SEQ_2_SEQ_LM")).eval()
    params = start(model, rng)
    out = {f"start.{name}": p.detach().flatten().clone() for name, p in params.items()}
    cases = {}
    for name, weights in CASES.items():
        loss, masked = weighed(model, examples, weights)
        for key, g in zip(params, torch.autograd.grad(loss, list(params.values()))):
            out[f"grad.{name}.{key}"] = g.flatten()
        cases[name] = {**dict(zip(WEIGHTS, weights)), "loss": loss.item(),
                       "with_masked": loss.item() + masked}
    optimizer = transformers.Adafactor(params.values(), lr=TRAIN["lr"], scale_parameter=True,
                                       relative_step=False)
    steps = []
    for _ in range(TRAIN["steps"]):
        loss, _ = weighed(model, examples, CASES["all"])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        steps.append(loss.item())
    out |= {f"trained.{name}": p.detach().flatten() for name, p in params.items()}
    write_json(PATH / "expected.json", {"versions": pinned(), "examples": examples, "cases": cases,
                                        "train": {**TRAIN, "losses": steps}})
    save_file({k: v.contiguous() for k, v in out.items()}, PATH / "expected.safetensors")
    print({name: case["loss"] for name, case in cases.items()}, steps)


if __name__ == "__main__":
    main()
