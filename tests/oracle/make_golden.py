"""Writes tests/golden: small random T5 models and LoRA experts with what the reference says of them.

    python tests/oracle/make_golden.py [CASE...]        (versions: requirements.txt beside this file)

A case is a directory
    base/               Hugging Face T5 directory, by save_pretrained
    expert_all/         PEFT directories: every linear with unequal ranks and alphas; q and v only
    expert_qv/
    expected.json       token ids, losses, training recipes with the losses and norms of each step
    expected.safetensors
        <forward>.logits [target tokens, vocab], <forward>.nll [target tokens]
        <forward>.grad.<tensor>   gradient of the loss over the batch
        <expert>.gate.<module>    the gates of the gated forwards
        train.<what>.<tensor>     values after training
where <forward> is "base", "<expert>" or "<expert>.gated". The loss is the sum of the cross-entropies
of the target tokens divided by their number. Weights depend on the seeds below only; the results
also on the CPU's kernels, in their last bits.
"""

import copy
import importlib.metadata
import json
import logging
import pathlib
import re
import shutil
import sys
import warnings
from dataclasses import dataclass, field

import peft
import torch
import transformers
from safetensors.torch import save_file

import make_activation_golden
import make_adapter_golden
import make_embedding_golden
import make_family_golden
import make_generation_golden
import make_tokenizer_files_golden
import make_tokenizer_golden
import make_torch_golden
from reference import (ADAPTER, attach_gates, example_logits, lora_layers, padded_logits, token_nll,
                       zero_gates)

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
EOS = 1
BATCH = [0, 1, 2, 3]  # the examples of the forwards; training also uses the rest


@dataclass
class Case:
    name: str
    seed: int
    shape: dict                  # of T5Config
    lengths: list                # (input, target) of each example, EOS included
    all_rank: dict               # LoraConfig of expert_all
    qv_rank: dict                # LoraConfig of expert_qv
    own_head: bool = False       # lm_head.weight beside shared.weight, no output scale (v1.1)
    dtype: torch.dtype = torch.float32  # storage of the base and of expert_all
    shard: str = "1GB"
    train: dict = field(default_factory=dict)


# Recipes. The gates' is PHATGOOSE's: lr 5e-3, constant after 6 % warm-up, clip 1; 50 steps of which
# the first 10 are taken, so warm-up is 3 steps and the first update has learning rate 0. Each step
# takes four of the six examples, cut into micro-batches of unequal size.
# The base has weights whose gradient is next to nothing; Adam gives them a step of full length in a
# direction that rounding decides. A larger eps makes those steps short.
GATE = dict(steps=10, lr=5e-3, warmup=int(0.06 * 50), weight_decay=0.0, eps=1e-8, clip=1.0)
LORA = dict(steps=5, lr=2e-3, warmup=1, weight_decay=0.0, eps=1e-8, clip=1.0)
BASE = dict(steps=3, lr=1e-3, warmup=0, weight_decay=0.1, eps=1e-6, clip=1.0)
TRAIN = {"gate": GATE, "lora": LORA, "base": BASE}

CASES = [
    # T5 v1.0; distances beyond max_distance 128 in the encoder, logarithmic buckets in the decoder.
    Case("v1_0", 10,
         dict(vocab_size=90, d_model=16, d_kv=8, num_heads=2, d_ff=32, num_layers=2,
              num_decoder_layers=2, relative_attention_num_buckets=32,
              relative_attention_max_distance=128, feed_forward_proj="relu"),
         [(3, 2), (140, 9), (11, 40), (47, 1), (24, 17), (1, 6)],
         dict(r=4, lora_alpha=8, rank_pattern={"wi": 6, "decoder.block.1.layer.0.SelfAttention.q": 2},
              alpha_pattern={"o": 3, "encoder.*wo": 5}),
         dict(r=3, lora_alpha=3, use_rslora=True),
         train=TRAIN),
    # T5 v1.1; d_kv * heads != d_model, odd sizes, every bucket of both stacks reached.
    Case("v1_1", 11,
         dict(vocab_size=101, d_model=20, d_kv=6, num_heads=3, d_ff=29, num_layers=2,
              num_decoder_layers=3, relative_attention_num_buckets=8,
              relative_attention_max_distance=20, feed_forward_proj="gated-gelu"),
         [(35, 26), (2, 3), (70, 1), (9, 12), (1, 8), (18, 5)],
         dict(r=3, lora_alpha=1, rank_pattern={r"wi_\d": 5, "layer.1.EncDecAttention.k": 1},
              alpha_pattern={"SelfAttention.v": 4}),
         dict(r=2, lora_alpha=6, rank_pattern={"v": 5}, use_rslora=True),
         own_head=True, train=dict(TRAIN, gate=dict(GATE, clip=0.5))),  # some steps are clipped, some not
    Case("bf16_sharded", 12,
         dict(vocab_size=99, d_model=24, d_kv=4, num_heads=5, d_ff=37, num_layers=2,
              num_decoder_layers=1, relative_attention_num_buckets=12,
              relative_attention_max_distance=40, feed_forward_proj="gated-gelu"),
         [(50, 14), (4, 6), (1, 1), (23, 19)],
         dict(r=4, lora_alpha=4, rank_pattern={"wo": 7}),
         dict(r=3, lora_alpha=2),
         own_head=True, dtype=torch.bfloat16, shard="9KB"),
    Case("f16", 13,
         dict(vocab_size=77, d_model=16, d_kv=8, num_heads=3, d_ff=31, num_layers=1,
              num_decoder_layers=2, relative_attention_num_buckets=32,
              relative_attention_max_distance=128, feed_forward_proj="relu"),
         [(21, 7), (3, 18), (40, 2), (1, 1)],
         dict(r=2, lora_alpha=4),
         dict(r=1, lora_alpha=1),
         dtype=torch.float16),
]


def uniform(rng, shape, low, high):
    return torch.rand(shape, generator=rng) * (high - low) + low


def make_base(case, rng):
    """Hugging Face's own initialisation, with norms and biases that matter."""
    torch.manual_seed(case.seed)
    config = transformers.T5Config(**case.shape, decoder_start_token_id=0,
                                   tie_word_embeddings=not case.own_head)
    model = transformers.T5ForConditionalGeneration._from_config(config,
                                                                 attn_implementation="eager")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "layer_norm" in name:
                weight.copy_(uniform(rng, weight.shape, 0.5, 1.5))
            elif "relative_attention_bias" in name:
                weight.copy_(torch.randn(weight.shape, generator=rng))
        if case.own_head:
            head = torch.randn(model.lm_head.weight.shape, generator=rng)
            model.lm_head.weight = torch.nn.Parameter(head)
    return model.eval()


def save_base(case, model, path):
    """Saves in the case's dtype. bf16_sharded gets the config.json of transformers 4, where
    tie_word_embeddings stands for scale_decoder_outputs; the others have that of transformers 5."""
    copy.deepcopy(model).to(case.dtype).save_pretrained(path, max_shard_size=case.shard)
    if case.name == "bf16_sharded":
        file = path / "config.json"
        config = json.loads(file.read_text())
        del config["scale_decoder_outputs"]
        config["tie_word_embeddings"] = False
        write_json(file, config)


def load_base(path):
    return transformers.T5ForConditionalGeneration.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager").eval()


def make_expert(case, base, name, rng, path):
    """A PEFT directory with random A and B (PEFT starts B at zero: no gradient would reach A)."""
    settings = case.all_rank if name == "expert_all" else case.qv_rank
    targets = "all-linear" if name == "expert_all" else r".*\.(q|v)"
    config = peft.LoraConfig(task_type="SEQ_2_SEQ_LM", target_modules=targets, **settings)
    model = peft.get_peft_model(copy.deepcopy(base), config)
    dtype = case.dtype if name == "expert_all" else torch.float32
    for layer in lora_layers(model).values():
        for factor in (layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]):
            scale = 0.5 * factor.in_features ** -0.5
            value = torch.randn(factor.weight.shape, generator=rng) * scale
            factor.weight.data = value.to(dtype)
    config.base_model_name_or_path = f"golden/{case.name}"
    model.save_pretrained(path, save_embedding_layers=False)
    (path / "README.md").unlink()
    if name == "expert_all":  # PEFT writes the names as a set, in an order that changes
        file = path / "adapter_config.json"
        saved = json.loads(file.read_text())
        saved["target_modules"].sort()
        write_json(file, saved)


def load_expert(base, path):
    return peft.PeftModel.from_pretrained(copy.deepcopy(base), path).eval()


def make_examples(case, rng):
    def ids(length):
        body = torch.randint(3, case.shape["vocab_size"], (length - 1,), generator=rng)
        return body.tolist() + [EOS]
    return [{"input": ids(n), "target": ids(m)} for n, m in case.lengths]


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def forward(model, examples, params, out, name):
    """Logits, losses and gradients one example at a time; and padded, which must agree."""
    logits = [example_logits(model, e) for e in examples]
    nll = token_nll(logits, examples)
    loss = nll.sum() / nll.numel()
    grads = torch.autograd.grad(loss, list(params.values())) if params else []
    out[f"{name}.logits"] = torch.cat(logits).detach()
    out[f"{name}.nll"] = nll.detach()
    out.update({f"{name}.grad.{key}": grad for key, grad in zip(params, grads)})
    with torch.no_grad():
        padded = torch.cat(padded_logits(model, examples))
    apart = relative(padded, out[f"{name}.logits"])
    assert apart < 2e-6, f"{name}: padded and single results differ by {apart}"
    return {"loss": loss.item(), "padded_apart": apart}


def lora_params(model):
    params = {}
    for name, layer in lora_layers(model).items():
        params[f"{name}.lora_A"] = layer.lora_A[ADAPTER].weight.requires_grad_()
        params[f"{name}.lora_B"] = layer.lora_B[ADAPTER].weight.requires_grad_()
    return params


def gate_params(gates):
    return {f"{name}.gate": vector.requires_grad_() for name, vector in gates.items()}


def base_params(model):
    return {name: weight.requires_grad_() for name, weight in model.named_parameters()}


def micro_batches(step, count):
    """Four consecutive examples of `count`, as micro-batches of 1 and 3, or 2, 1 and 1."""
    chosen = [(4 * step + j) % count for j in range(4)]
    return [chosen[:1], chosen[1:]] if step % 2 == 0 else [chosen[:2], chosen[2:3], chosen[3:]]


def train(model, params, examples, recipe, out, name):
    optimizer = torch.optim.AdamW(params.values(), lr=recipe["lr"], eps=recipe["eps"],
                                  weight_decay=recipe["weight_decay"])
    schedule = transformers.get_constant_schedule_with_warmup(optimizer, recipe["warmup"])
    steps = []
    for step in range(recipe["steps"]):
        batch = micro_batches(step, len(examples))
        tokens = sum(len(examples[i]["target"]) for micro in batch for i in micro)
        loss = 0.0
        for micro in batch:
            chosen = [examples[i] for i in micro]
            part = token_nll(padded_logits(model, chosen), chosen).sum() / tokens
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(params.values(), recipe["clip"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        steps.append({"micro_batches": batch, "loss": loss, "grad_norm": norm.item()})
    out.update({f"train.{name}.{key}": value.detach().clone() for key, value in params.items()})
    return {**recipe, "steps": steps}


def check_gate(model, example):
    """Zero gates open to sigma = 1/2, so they must do what PEFT does at half the scale."""
    layers = lora_layers(model).values()
    with torch.no_grad():
        detach = attach_gates(model, zero_gates(model))
        gated = example_logits(model, example)
        detach()
        for layer in layers:
            layer.scaling[ADAPTER] /= 2
        halved = example_logits(model, example)
        for layer in layers:
            layer.scaling[ADAPTER] *= 2
    assert relative(gated, halved) < 1e-6


def run_expert(case, base, name, path, rng, examples, out):
    """The forwards of one expert, plain and gated; returns their entries for expected.json."""
    model = load_expert(base, path / name)
    batch = [examples[i] for i in BATCH]
    forwards = {name: forward(model, batch, {}, out, name)}
    check_gate(model, batch[0])
    gates = {key: torch.randn(layer.in_features, generator=rng) * layer.in_features ** -0.5
             for key, layer in lora_layers(model).items()}
    out.update({f"{name}.gate.{key}": vector.clone() for key, vector in gates.items()})
    detach = attach_gates(model, gates)
    params = gate_params(gates) | lora_params(model)
    forwards[f"{name}.gated"] = forward(model, batch, params, out, f"{name}.gated")
    detach()
    return forwards


def run_training(case, base, path, examples, out):
    runs = {}
    if "gate" in case.train:
        model = load_expert(base, path / "expert_all").requires_grad_(False)
        gates = zero_gates(model)
        attach_gates(model, gates)
        runs["gate"] = train(model, gate_params(gates), examples, case.train["gate"], out, "gate")
    if "lora" in case.train:
        model = load_expert(base, path / "expert_all")
        runs["lora"] = train(model, lora_params(model), examples, case.train["lora"], out, "lora")
    if "base" in case.train:
        model = copy.deepcopy(base)
        runs["base"] = train(model, base_params(model), examples, case.train["base"], out, "base")
    return runs


def make_case(case):
    rng = torch.Generator().manual_seed(case.seed)
    path = GOLDEN / case.name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    original = make_base(case, rng)
    save_base(case, original, path / "base")
    base = load_base(path / "base")
    for name in ("expert_all", "expert_qv"):
        make_expert(case, base, name, rng, path / name)
    examples = make_examples(case, rng)
    batch = [examples[i] for i in BATCH]
    out = {}
    params = base_params(base) if case.dtype == torch.float32 else {}
    forwards = {"base": forward(base, batch, params, out, "base")}
    if case.dtype != torch.float32:  # the same model before its weights were rounded for storage
        forwards["unrounded"] = forward(original, batch, {}, out, "unrounded")
    for name in ("expert_all", "expert_qv"):
        forwards |= run_expert(case, base, name, path, rng, examples, out)
    runs = run_training(case, base, path, examples, out)
    expected = {"case": case.name, "versions": pinned(), "examples": examples, "batch": BATCH,
                "forward": forwards, "train": runs}
    write_json(path / "expected.json", expected)
    save_file({k: v.contiguous() for k, v in out.items()}, path / "expected.safetensors")
    print(case.name, {k: round(v["loss"], 4) for k, v in forwards.items()},
          {k: [round(s["grad_norm"], 3) for s in v["steps"]] for k, v in runs.items()})


def write_json(path, value):
    """JSON with one line a list of numbers."""
    text = json.dumps(value, indent=1)
    text = re.sub(r"\[[-\d\s,]*\]", lambda match: re.sub(r"\s+", " ", match[0]), text)
    path.write_text(text + "\n")


def pinned():
    """The versions of requirements.txt; anything else installed would make other goldens."""
    lines = (HERE / "requirements.txt").read_text().splitlines()
    wanted = dict(line.split("==") for line in lines if "==" in line)
    for name, version in wanted.items():
        found = importlib.metadata.version(name).split("+")[0]
        assert found == version, f"{name} {found} is installed, requirements.txt wants {version}"
    return wanted


def main():
    pinned()
    transformers.utils.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    wanted = sys.argv[1:]
    for case in CASES:
        if not wanted or case.name in wanted:
            make_case(case)
    if not wanted or "tokenizer" in wanted:
        path = GOLDEN / "tokenizer"
        write_json(path / "expected.json", make_tokenizer_golden.make(path))
    if not wanted or "tokenizer_files" in wanted:
        path = GOLDEN / "tokenizer_files"
        path.mkdir(exist_ok=True)
        expected = make_tokenizer_files_golden.make(path)
        (path / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    if not wanted or "activation" in wanted:
        make_activation_golden.make(GOLDEN / "activation")
    if not wanted or "embeddings" in wanted:
        make_embedding_golden.make(GOLDEN / "embeddings")
    if not wanted or "adapters" in wanted:
        path = GOLDEN / "adapters"
        write_json(path / "expected.json", make_adapter_golden.make(path))
    if not wanted or "family" in wanted:
        write_json(GOLDEN / "family" / "expected.json", make_family_golden.make(GOLDEN / "family"))
    if not wanted or "torch" in wanted:
        make_torch_golden.make()
    if not wanted or "generation" in wanted:
        write_json(GOLDEN / "generation.json", make_generation_golden.make())


if __name__ == "__main__":
    main()
