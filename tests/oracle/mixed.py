"""Writes tests/golden/mixed: a LoRA and three (IA)3 experts on the base of tests/golden/v1_1; each (IA)3
alone and behind its gates, and what methods of routing make of all four, in plain PyTorch.

    python tests/oracle/mixed.py              (after make_golden.py; versions: requirements.txt)

    <expert>/             PEFT directories
    expected.json         as that of routed.py
    expected.safetensors  as that of routed.py, and of each (IA)3
        <expert>.alone.logits          [target tokens, vocab]
        <expert>.gated.logits
        <expert>.gated.grad.<module>.l, .gate    of the mean cross-entropy of the target tokens
    finish.pt             another (IA)3 as the code of T-Few saves it, and its finish.alone.logits

Alone the expert is PEFT's own, loaded from its directory. A gate is ours, since PEFT has none: with
y the output of PEFT's layer and W x that of the linear inside it, W x + sigmoid(v . x) (y - W x).
Routed, the update of an (IA)3 is (W x) (l - 1) of outputs and W (x (l - 1)) of inputs, weighed as
routed.py weighs that of a LoRA.
"""

import copy
import json
import shutil

import peft
import torch
import torch.nn.functional as F
from peft.tuners.ia3 import IA3Layer
from safetensors.torch import save_file

import routed
from make_golden import load_base, make_examples, pinned, write_json
from reference import ADAPTER, example_logits, token_nll
from routed import DIM, GOLDEN, LENGTHS, LOCAL, MARGIN, Routed

PATH = GOLDEN / "mixed"
SEED = 4

# "ones" is what PEFT makes of a T5 by default; "outs" rescales outputs where "ones" and "ins" rescale
# inputs; inputs of attention are rescaled by "ins" alone.
EXPERTS = {
    "low": dict(r=2, lora_alpha=3, target_modules=["k", "o", "q", "wi_0", "wo"]),
    "ones": dict(),
    "outs": dict(target_modules=["k", "o", "wi_1", "wo"], feedforward_modules=[]),
    "ins": dict(target_modules=["q", "v", "wi_1", "wo"], feedforward_modules=["q", "wo"]),
}

METHODS = {
    "phatgoose": (["router=phatgoose"], LOCAL),
    "top_p": (["router=phatgoose", "top_p=0.7"], {**LOCAL, "top_p": 0.7}),
    "glider": (["router=glider", "global.scale=2.5"], {**LOCAL, "glider": (2.5,)}),
    "activation": (["router=average-activation"], {**LOCAL, "vectors": "mean"}),
    "retrieval": (["router=retrieval"], dict(nearest=1)),
    "retrieval_mixture": (["router=retrieval", "retrieval.k=3", "retrieval.weights=softmax"],
                          dict(nearest=3, tau=0.2)),
    "merged": (["router=merged"], dict(merged=True)),
    "uniform": (["router=uniform"], dict(merged=True)),
    "merged_vectors": (["router=merged"], dict(merged=True, only=["ones", "ins"])),
    "expert": (["router=expert", "expert=outs"], dict(merged=True, only=["outs"])),
}


class Mixed(Routed):
    """Adds the weighed updates of experts of either kind to the linears of a base."""

    def attach(self, model):
        def hook(module):
            def add(linear, inputs, output):
                return output + self.add_mixed(module, linear.weight, inputs[0][0], output[0])[None]
            return add
        covered = {module for expert in self.experts for module in expert}
        return [model.get_submodule(module).register_forward_hook(hook(module))
                for module in covered]

    def add_mixed(self, module, weight, u, wu):
        if "vectors" in self.rule:
            w = self.select(*self.logits(module, u))
            self.weights.setdefault(module, []).append(w)
        else:
            w = self.fixed(module, len(u))
        y = 0
        for i, expert in enumerate(self.experts):
            if module in expert:
                y = y + w[:, i:i + 1].double() * update(expert[module], weight, u, wu)
        return y.float()


def update(f, weight, u, wu):
    if "a" in f:
        return f["scale"] * (u.double() @ f["a"].T @ f["b"].T)
    if f["input"]:
        return (u.double() * (f["l"] - 1)) @ weight.double().T
    return wu.double() * (f["l"] - 1)


def make_ia3(base, name, rng):
    config = peft.IA3Config(task_type="SEQ_2_SEQ_LM", **EXPERTS[name])
    model = peft.get_peft_model(copy.deepcopy(base), config)
    for layer in ia3_layers(model).values():
        l = layer.ia3_l[ADAPTER]
        l.data = 1 + 0.6 * torch.randn(l.shape, generator=rng)
    config.base_model_name_or_path = "golden/v1_1"
    model.save_pretrained(PATH / name, save_embedding_layers=False)
    (PATH / name / "README.md").unlink()
    file = PATH / name / "adapter_config.json"
    saved = json.loads(file.read_text())
    saved["target_modules"].sort()  # PEFT writes sets, in an order that changes
    saved["feedforward_modules"].sort()
    write_json(file, saved)
    return {module: {"l": layer.ia3_l[ADAPTER].detach().double().flatten(),
                     "input": layer.is_feedforward, "d_in": layer.in_features}
            for module, layer in ia3_layers(model).items()}


def ia3_layers(model):
    return {name.removeprefix("base_model.model."): layer for name, layer in model.named_modules()
            if isinstance(layer, IA3Layer)}


def add_vectors(expert, rng):
    for f in expert.values():
        d = f["d_in"] if "d_in" in f else f["a"].shape[1]
        f["gate"] = 0.1 + 0.4 * torch.randn(d, generator=rng)
        f["mean"] = 0.5 * torch.randn(d, generator=rng)
        f["absolute"] = 0.3 + 0.4 * torch.rand(d, generator=rng)


def attach_gates(model, gates):
    def gated(vector):
        def hook(layer, inputs, output):
            plain = layer.base_layer(inputs[0])
            return plain + torch.sigmoid(inputs[0] @ vector).unsqueeze(-1) * (output - plain)
        return hook
    for name, layer in ia3_layers(model).items():
        layer.register_forward_hook(gated(gates[name]))


def run_alone(base, name, expert, examples, out):
    model = peft.PeftModel.from_pretrained(copy.deepcopy(base), PATH / name).eval()
    with torch.no_grad():
        out[f"{name}.alone.logits"] = torch.cat([example_logits(model, e) for e in examples])
    gates = {m: f["gate"].clone().requires_grad_() for m, f in expert.items()}
    params = {f"{m}.gate": v for m, v in gates.items()}
    params |= {f"{m}.l": layer.ia3_l[ADAPTER].requires_grad_()
               for m, layer in ia3_layers(model).items()}
    attach_gates(model, gates)
    logits = [example_logits(model, e) for e in examples]
    grads = torch.autograd.grad(token_nll(logits, examples).mean(), list(params.values()))
    out[f"{name}.gated.logits"] = torch.cat(logits).detach()
    out.update({f"{name}.gated.grad.{key}": g.flatten() for key, g in zip(params, grads)})


def run_checkpoint(base, examples, rng, out):
    """Outputs of k, v and wi_1 times vectors, which T-Few keeps as columns under names of its own."""
    model, state = copy.deepcopy(base), {}
    for name, linear in base.named_modules():
        if name.split(".")[-1] in ("k", "v", "wi_1"):
            l = 1 + 0.6 * torch.randn(linear.out_features, 1, generator=rng)
            state[f"{name}.multi_lora_b"] = l
            model.get_submodule(name).register_forward_hook(
                lambda _, inputs, output, l=l: output * l.flatten())
    torch.save(state, PATH / "finish.pt")
    with torch.no_grad():
        out["finish.alone.logits"] = torch.cat([example_logits(model, e) for e in examples])


def run_mixed(base, experts, out, examples, rule):
    model = copy.deepcopy(base)
    mixed = Mixed(experts, out["experts"], out["queries"], rule)
    mixed.attach(model)
    logits = []
    with torch.no_grad():
        for mixed.example, example in enumerate(examples):
            logits.append(example_logits(model, example))
    return torch.cat(logits), mixed


def make_experts(base, rng):
    routed.PATH, routed.EXPERTS = PATH, EXPERTS  # where and of what make_expert makes a LoRA
    experts = {name: routed.make_expert(base, name, rng) if "r" in EXPERTS[name]
               else make_ia3(base, name, rng) for name in EXPERTS}
    for expert in experts.values():
        add_vectors(expert, rng)
    return experts


def main():
    pinned()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    shutil.rmtree(PATH, ignore_errors=True)
    PATH.mkdir(parents=True)
    base = load_base(GOLDEN / "v1_1" / "base")
    experts = make_experts(base, rng)
    linears = [name for name, module in base.named_modules()
               if isinstance(module, torch.nn.Linear) and name != "lm_head"]
    out = {f"{name}.{kind}": torch.cat([expert[m][kind] for m in linears if m in expert])
           for name, expert in experts.items() for kind in ("gate", "mean", "absolute")}
    case = type("", (), {"lengths": LENGTHS, "shape": {"vocab_size": base.config.vocab_size}})
    examples = make_examples(case, rng)
    out["experts"] = torch.randn(len(EXPERTS), DIM, generator=rng)
    out["queries"] = torch.randn(len(examples), DIM, generator=rng)
    for name in EXPERTS:
        if "r" not in EXPERTS[name]:
            run_alone(base, name, experts[name], examples, out)
    run_checkpoint(base, examples, rng, out)
    methods = {}
    for name, (settings, rule) in METHODS.items():
        logits, mixed = run_mixed(base, experts, out, examples, rule)
        assert mixed.margin > MARGIN, f"{name}: a choice hangs on {mixed.margin}; take a new seed"
        out[f"{name}.logits"] = logits
        if mixed.weights:
            out[f"{name}.weights"] = torch.cat([torch.cat(mixed.weights[m]) for m in linears
                                                if m in mixed.weights])
        methods[name] = {"settings": settings, "only": rule.get("only", list(EXPERTS))}
        print(name, "margin", mixed.margin)
    assert F.mse_loss(out["expert.logits"], out["outs.alone.logits"]) < 1e-8
    write_json(PATH / "expected.json", {"versions": pinned(), "experts": list(EXPERTS),
                                        "linears": linears, "examples": examples,
                                        "methods": methods})
    save_file({k: v.contiguous() for k, v in out.items()}, PATH / "expected.safetensors")


if __name__ == "__main__":
    main()
