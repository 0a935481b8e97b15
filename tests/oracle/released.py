"""Writes tests/golden/released: small checkpoints as the code of PHATGOOSE and of GLIDER saves them,
on the base of tests/golden/v1_1, and what plain PyTorch makes of them.

    python tests/oracle/released.py           (after make_golden.py; versions: requirements.txt)

    phatgoose/best.pt      three experts with their gates, and the aliases of the embeddings
    gate_run/best.pt       q of "zoo" after the training of its gates: expert_input_gate beside the
                           zeros of a router
    lora_linear/best.pt    q of "zoo" before it has gates
    glider/*_best.pt       the three experts, a file each, by GLIDER's conversion
    embeddings.pt          vectors of their instructions and of one more task
    memory.pt              the gates of "zoo" alone as GLIDER's code holds them: standardised
    arrow/*_best.pt        q of each for GLIDER's Arrow: gates are right singular vectors of B A
    column/zoo_best.pt     the same of "zoo" with column 0 of V^H
    expected.json          names, linears, examples
    expected.safetensors   <expert>.a, .b and .gate, of all linears end to end in module order; logits
                           and weights of the three routed by PHATGOOSE; raw_logits of those of arrow/
                           with their gates as they are

Names and shapes are those that the code of both papers writes (infer/expert/released_key.h says
where); the routing is that of tests/oracle/routed.py, with the scale 1 / r.
"""

import pathlib
import shutil
from collections import OrderedDict

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import routed
from make_golden import load_base, make_examples, pinned, write_json

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
PATH = GOLDEN / "released"
SEED = 21
RANK = 4
DIM = 6
LENGTHS = [(9, 4), (1, 2), (12, 3)]
NAMES = ["zoo", "apple", "mint"]  # in the order of their numbers; GLIDER's is alphabetical
EMBEDDED = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
RULE = dict(vectors="gate", norm_input=True, norm_vector=True, top_k=2)  # of routed.py
RAW_RULE = dict(RULE, norm_vector=False)


def make_expert(linears, rng):
    expert = {}
    for name, linear in linears.items():
        d_out, d_in = linear.weight.shape
        expert[name] = {"a": torch.randn(RANK, d_in, generator=rng) * d_in ** -0.5,
                        "b": torch.randn(d_out, RANK, generator=rng),
                        "gate": 0.05 + 0.2 * torch.randn(d_in, generator=rng)}
    return expert


def left_over(base):
    return OrderedDict((name, base.shared.weight.detach().clone()) for name in EMBEDDED)


def phatgoose(base, experts):
    """A router's and FFNExperts' parameters, an expert a number behind two underscores."""
    state = left_over(base)
    for number, expert in enumerate(experts):
        for name, f in expert.items():
            state[f"{name}._addons.router.expert_embeddings__{number}"] = f["gate"].clone()
            state[f"{name}._addons.expert_lora.layer1__{number}"] = f["a"].T.contiguous()
            state[f"{name}._addons.expert_lora.layer2__{number}"] = f["b"].T.contiguous()
    return state


def gate_run(base, expert):
    """The gate is the parameter of the run; the router has not been given it yet. The frozen factors
    are stored in bf16."""
    state = left_over(base)
    for name, f in expert.items():
        state[f"{name}._addons.router.expert_embeddings__0"] = torch.zeros_like(f["gate"])
        state[f"{name}._addons.expert_lora.expert_input_gate"] = f["gate"].clone()
        state[f"{name}._addons.expert_lora.layer1__0"] = f["a"].T.contiguous().bfloat16()
        state[f"{name}._addons.expert_lora.layer2__0"] = f["b"].T.contiguous().bfloat16()
    return state


def lora_linear(base, expert):
    state = left_over(base)
    for name, f in expert.items():
        state[f"{name}.expert_lora_a"], state[f"{name}.expert_lora_b"] = f["a"], f["b"]
    return state


def glider(checkpoint, number):
    """Of PHATGOOSE's checkpoint what belongs to an expert; transposes are views of what they turn,
    so that the file has their strides."""
    state = OrderedDict()
    for key, value in checkpoint.items():
        if key in EMBEDDED:
            state[f"base_model.model.{key}"] = value
            continue
        stem, index = key.split("__")
        module, part = stem.split("._addons.")
        if int(index) != number:
            continue
        if part == "router.expert_embeddings":
            state[f"base_model.model.{module}.lora_gate.default"] = value
        else:
            which = {"expert_lora.layer1": "A", "expert_lora.layer2": "B"}[part]
            state[f"base_model.model.{module}.lora_{which}.default.weight"] = value.transpose(0, 1)
    return state


def only_q(expert):
    """For files of which little is asked."""
    return {name: f for name, f in expert.items() if name.endswith(".q")}


def toward(vector):
    """The sign of a singular vector is anybody's; this is routed.prototype's."""
    return vector * vector[vector.abs().argmax()].sign()


def directions(expert, column):
    """GLIDER's gates for Arrow: what they are meant to be, or `column` 0 of V^H."""
    state = OrderedDict()
    for name, f in expert.items():
        vh = torch.linalg.svd(f["b"] @ f["a"]).Vh
        prefix = f"base_model.model.{name}"
        state[f"{prefix}.lora_A.default.weight"] = f["a"]
        state[f"{prefix}.lora_B.default.weight"] = f["b"]
        state[f"{prefix}.lora_gate.default"] = vh[:, 0].contiguous() if column else toward(vh[0])
    return state


def standardised(expert):
    return {f"base_model.model.{name}.lora_gate.default.weight":
            F.layer_norm(f["gate"], f["gate"].shape)[None] for name, f in expert.items()}


def save(state, name):
    (PATH / name).parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, PATH / name)


def save_checkpoints(base, experts, rng):
    checkpoint = phatgoose(base, experts)
    save(checkpoint, "phatgoose/best.pt")
    for number, name in enumerate(NAMES):
        save(glider(checkpoint, number), f"glider/{name}_best.pt")
    save(gate_run(base, only_q(experts[0])), "gate_run/best.pt")
    save(lora_linear(base, only_q(experts[0])), "lora_linear/best.pt")
    save(standardised(experts[0]), "memory.pt")
    for name, expert in zip(NAMES, experts):
        save(directions(only_q(expert), False), f"arrow/{name}_best.pt")
    save(directions(only_q(experts[0]), True), "column/zoo_best.pt")
    save({name: torch.randn(DIM, generator=rng) for name in NAMES + ["queries"]}, "embeddings.pt")


def forward(base, experts, examples, rule):
    scaled = {name: {m: {**f, "a": f["a"].double(), "b": f["b"].double(), "scale": 1 / RANK}
                     for m, f in expert.items()} for name, expert in experts.items()}
    logits, run = routed.run(base, scaled, None, None, examples, rule)
    assert run.margin > routed.MARGIN, f"a choice hangs on {run.margin}; take a new seed"
    return logits, run


def main():
    pinned()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    shutil.rmtree(PATH, ignore_errors=True)
    base = load_base(GOLDEN / "v1_1" / "base")
    linears = {name: module for name, module in base.named_modules()
               if isinstance(module, torch.nn.Linear) and name != "lm_head"}
    experts = [make_expert(linears, rng) for _ in NAMES]
    save_checkpoints(base, experts, rng)
    case = type("", (), {"lengths": LENGTHS, "shape": {"vocab_size": base.config.vocab_size}})
    examples = make_examples(case, rng)
    named = dict(zip(NAMES, experts))
    logits, run = forward(base, named, examples, RULE)
    arrow = {name: {m: {**f, "gate": routed.prototype(f)} for m, f in only_q(expert).items()}
             for name, expert in named.items()}
    out = {"logits": logits, "weights": torch.cat([torch.cat(run.weights[m]) for m in linears])}
    out["raw_logits"], _ = forward(base, arrow, examples, RAW_RULE)
    for name, expert in named.items():
        for part in ("a", "b", "gate"):
            out[f"{name}.{part}"] = torch.cat([expert[m][part].flatten() for m in linears])
    write_json(PATH / "expected.json", {"versions": pinned(), "experts": NAMES,
                                        "linears": list(linears), "examples": examples})
    save_file({k: v.contiguous() for k, v in out.items()}, PATH / "expected.safetensors")


if __name__ == "__main__":
    main()
