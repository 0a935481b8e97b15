"""The other side of the comparison: PHATGOOSE on PyTorch and Hugging Face transformers.

    python reference.py gate     --base DIR --expert DIR --input FILE    one gate-training step
    python reference.py score    --base DIR --pool DIR --input FILE      rank the choices of items
    python reference.py generate --base DIR --pool DIR --input FILE      greedy generation, or beams

Like `skein bench`, it answers every line of standard input with one line of JSON.

It is written as a user of the authors' code has it, and as well as that can be done plainly. Kept
from the reference, because it is what the method costs there:
  - batches in the order of the file, padded to their longest member, with attention masks; padding
    is routed and multiplied like any token
  - every linear of every block is wrapped; q, k and v have each its own call, router and experts
  - routing: LayerNorm without weights (eps 1e-5) of the input and, once, of the gates; scaled dot
    products; softmax in f32 over all experts; the k largest, renormalised with 1e-6
  - a Python loop over the experts, in one of two ways (--loop):
      released   the way of both papers' code: weights scattered into a table [tokens, experts], its
                 entries that are not 0 found twice and sorted by expert, inputs gathered and split,
                 every expert called on its part, empty or not, outputs joined, weighted and added
                 into zeros
      lean       as short as we could write it: a search for each expert's tokens, index_select,
                 index_add; experts that no token chose are passed over
  - an input is repeated through the encoder once for every choice
  - generation is generate() of transformers with its cache: cross-attention keys and values are
    made and routed once
  - a step of many examples is accumulated over micro-batches of a fixed number of examples
Not held against it: no dropout (the other side has none, and the losses must agree); frozen weights
need no gradients; the sigmoid gate multiplies the low-rank activations instead of the wide input,
which is equal and cheaper; no counting of who was chosen; inference_mode; scaled-dot-product attention
where transformers has it and it is the faster one (--attention); bf16 means frozen weights stored in
bf16 under autocast, as the authors run it, so that nothing is cast again and again.
"""

import argparse
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
import transformers
import yaml
from safetensors.torch import load_file
from torch import nn

from process import forget_peak, resident_peak
from texts import Text, read_lines

IGNORED = -100


# ---- parts on disk ----

def load_base(arguments):
    return transformers.T5ForConditionalGeneration.from_pretrained(
        arguments.base, dtype=torch.bfloat16 if arguments.bf16 else torch.float32,
        attn_implementation=arguments.attention).eval().requires_grad_(False)


def load_expert(directory):
    """{module: (A, B)} and the scale of a PEFT LoRA directory."""
    config = json.loads((directory / "adapter_config.json").read_text())
    tensors = load_file(directory / "adapter_model.safetensors")
    stem = "base_model.model."
    modules = [key[len(stem):-len(".lora_A.weight")] for key in tensors if key.endswith(".lora_A.weight")]
    factors = {module: (tensors[f"{stem}{module}.lora_A.weight"], tensors[f"{stem}{module}.lora_B.weight"])
               for module in modules}
    return factors, config["lora_alpha"] / config["r"]


def pool_folders(pool):
    manifest = yaml.load((pool / "pool.yaml").read_text(), Loader=yaml.CSafeLoader)
    return [pool / "experts" / entry["name"] for entry in manifest["experts"]]


def replace(model, module, new):
    parent, _, name = module.rpartition(".")
    setattr(model.get_submodule(parent), name, new)


# ---- the wrapped linears ----

class GatedLinear(nn.Module):
    """y = W u + sigmoid(v . u) s B A u, v learnt."""

    def __init__(self, linear, a, b, scale):
        super().__init__()
        self.weight, self.a, self.b, self.scale = linear.weight, a, b, scale
        self.gate = nn.Parameter(torch.zeros(a.shape[1]))

    def forward(self, u):
        gate = torch.sigmoid(F.linear(u, self.gate[None]))
        return F.linear(u, self.weight) + self.scale * F.linear(gate * F.linear(u, self.a), self.b)


class RoutedLinear(nn.Module):
    """y = W u + s sum_k w_k B_k A_k u over the k experts whose gates are nearest to u."""

    def __init__(self, linear, experts, gates, scale, top_k, loop):
        super().__init__()
        self.weight, self.experts, self.scale, self.top_k = linear.weight, experts, scale, top_k
        gates = torch.stack(gates)
        self.gates = F.layer_norm(gates, gates.shape[1:]).to(linear.weight.dtype)
        self.loop = {"released": self.loop_released, "lean": self.loop_lean}[loop]

    def forward(self, u):
        y = F.linear(u, self.weight)
        u = u.reshape(-1, u.shape[-1])
        scores = F.linear(F.layer_norm(u, u.shape[1:]).to(u.dtype), self.gates) * u.shape[1] ** -0.5
        weights = torch.softmax(scores.float(), dim=-1)
        weight, chosen = weights.topk(self.top_k, dim=-1)
        weight = weight / (weight.sum(dim=-1, keepdim=True) + 1e-6)
        self.loop(u, y.view(-1, y.shape[-1]), weights, weight, chosen)
        return y

    def loop_released(self, u, y, weights, weight, chosen):
        table = torch.zeros_like(weights).scatter(1, chosen, weight)
        by_column, order = table.nonzero().sort(0)
        rows = table.nonzero()[order[:, 1], 0]
        counts = (table > 0).sum(0).tolist()
        share = table[rows].gather(1, by_column[:, 1:]).to(y.dtype)
        parts = u[rows].split(counts)
        outputs = [F.linear(F.linear(part, a), b) * self.scale
                   for part, (a, b) in zip(parts, self.experts, strict=True)]
        added = torch.cat(outputs) * share
        y += torch.zeros(y.shape, dtype=added.dtype).index_add(0, rows, added)

    def loop_lean(self, u, y, weights, weight, chosen):
        weight = weight.to(y.dtype) * self.scale
        for expert, (a, b) in enumerate(self.experts):
            rows, slot = torch.where(chosen == expert)
            if len(rows) == 0:
                continue
            low = F.linear(u.index_select(0, rows), a)
            y.index_add_(0, rows, F.linear(low, b) * weight[rows, slot, None])


def wrap_gated(model, arguments):
    factors, scale = load_expert(arguments.expert)
    for module, (a, b) in factors.items():
        replace(model, module, GatedLinear(model.get_submodule(module), a.to(model.dtype),
                                           b.to(model.dtype), scale))


def wrap_routed(model, arguments):
    folders = pool_folders(arguments.pool)
    experts, scales = zip(*(load_expert(folder) for folder in folders))
    gates = [load_file(folder / "gate.safetensors") for folder in folders]
    assert len(set(scales)) == 1
    for module in experts[0]:
        factors = [(expert[module][0].to(model.dtype), expert[module][1].to(model.dtype))
                   for expert in experts]
        replace(model, module, RoutedLinear(model.get_submodule(module), factors,
                                            [gate[f"{module}.gate"] for gate in gates], scales[0],
                                            arguments.top_k, arguments.loop))


# ---- text ----

def padded(lists, filler):
    longest = max(map(len, lists))
    return torch.tensor([ids + [filler] * (longest - len(ids)) for ids in lists])


def batches(items, size):
    return [items[i:i + size] for i in range(0, len(items), size)]


def encoder_inputs(lists):
    ids = padded(lists, 0)
    return {"input_ids": ids, "attention_mask": padded([[1] * len(x) for x in lists], 0)}


# ---- what is measured ----

def gate_step(model, text, lines, arguments):
    wrap_gated(model, arguments)
    gates = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(gates, lr=5e-3, weight_decay=0)
    pairs = [(text.ids(line["input"]), text.ids(line["target"])) for line in lines]
    targets = sum(len(target) for _, target in pairs)

    def step():
        total = 0.0
        for batch in batches(pairs, arguments.batch):
            labels = padded([target for _, target in batch], IGNORED)
            with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
                loss = model(**encoder_inputs([ids for ids, _ in batch]), labels=labels).loss
            loss = loss * ((labels != IGNORED).sum() / targets)
            loss.backward()
            total += loss.item()
        norm = nn.utils.clip_grad_norm_(gates, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return {"loss": total, "grad_norm": norm.item(), "target_tokens": targets,
                "input_tokens": sum(len(ids) for ids, _ in pairs)}
    return step


def score(model, text, lines, arguments):
    items = [(text.ids(line["input"]), [text.ids(choice) for choice in line["choices"]])
             for line in lines]

    def score_batch(batch):
        """[one list of log-likelihoods an item]"""
        inputs = [ids for ids, choices in batch for _ in choices]
        labels = padded([choice for _, choices in batch for choice in choices], IGNORED)
        decoder = model._shift_right(labels)
        logits = model(**encoder_inputs(inputs), decoder_input_ids=decoder).logits
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none",
                                 ignore_index=IGNORED)
        sums = iter((-losses.view(labels.shape).sum(dim=1)).tolist())
        return [[next(sums) for _ in choices] for _, choices in batch]

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            loglik = [x for batch in batches(items, arguments.batch) for x in score_batch(batch)]
        return {"loglik": loglik, "input_tokens": sum(len(ids) for ids, _ in items),
                "target_tokens": sum(len(c) for _, choices in items for c in choices)}
    return run


def generate(model, text, lines, arguments):
    items = [text.ids(line["input"]) for line in lines]

    def run():
        output = []
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            for batch in batches(items, arguments.batch):
                output += model.generate(**encoder_inputs(batch), do_sample=False, num_beams=arguments.beams,
                                         max_new_tokens=arguments.max_output).tolist()
        output = [ids[1:] for ids in output]  # behind the start token
        return {"output": [text.string(ids) for ids in output],
                "input_tokens": sum(map(len, items)),
                "target_tokens": sum(map(text.length, output))}
    return run


# ---- the conversation ----

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["gate", "score", "generate"])
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--expert", type=pathlib.Path)
    parser.add_argument("--pool", type=pathlib.Path, help="without it the plain base answers")
    parser.add_argument("--input", type=pathlib.Path, required=True)
    parser.add_argument("--lines", type=int, help="of the input that are used")
    parser.add_argument("--batch", type=int, default=16, help="examples or items in one forward")
    parser.add_argument("--top-k", type=int, default=2)
    parser.add_argument("--max-output", type=int, default=64)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loop", choices=["released", "lean"], default="released", help="over experts")
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--bf16", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    model = load_base(arguments)
    if arguments.pool:
        wrap_routed(model, arguments)
    measure = {"gate": gate_step, "score": score, "generate": generate}[arguments.what](
        model, Text(arguments.base), read_lines(arguments.input, arguments.lines), arguments)
    forget_peak()
    for _ in sys.stdin:
        start = time.perf_counter()
        answer = measure()
        answer["seconds"] = time.perf_counter() - start
        print(json.dumps(answer | {"peak_bytes": resident_peak()}), flush=True)


if __name__ == "__main__":
    main()
