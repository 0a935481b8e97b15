"""Writes tests/golden/merge: what merges of the experts of tests/golden/routed are.

    python tests/oracle/merged.py             (after routed.py; versions: requirements.txt)

    expected.json         cases: {name: {settings as skein takes them, experts}}; modules
    expected.safetensors  <case>.<module>   the merged update [d_out, d_in], scale included

PEFT's own add_weighted_adapter makes all that it has: the merges of factors, which skein has with
compat peft, and those of updates (cat and the family of svd), which skein's own are. TSV-M, Iso-C and
TIES over whole experts are written here from the papers, dense and in double. DARE's masks are
skein's: numbers of SplitMix64 as autograd/ground/rng.h has them, handed to PEFT in the place of
torch.bernoulli's.
"""

import copy
import hashlib
import shutil
import struct

import numpy as np
import peft
import torch
from safetensors.torch import save_file

from make_golden import GOLDEN, load_base, pinned, write_json
from reference import lora_layers

PATH = GOLDEN / "merge"
ALL, EQUAL = ["one", "two", "few", "wide"], ["one", "two"]
MODULES = ["encoder.block.0.layer.0.SelfAttention.q", "decoder.block.1.layer.0.SelfAttention.q",
           "encoder.block.1.layer.1.DenseReluDense.wo", "decoder.block.0.layer.2.DenseReluDense.wi_0"]
WEIGHTS = {"one": 0.7, "two": -0.4, "few": 1.1, "wide": 0.25}
SEED, MARGIN = 9, 1e-6
MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15

# name: (combination_type of PEFT, experts, density, settings of skein)
WHOLE = "merge.rank=100000"
PEFT_CASES = {
    "cat": ("cat", ALL, None, ["merge.method=cat"]),
    "linear_exact": ("cat", ALL, None, ["merge.method=linear"]),
    "svd": ("svd", ALL, None, ["merge.method=svd", "merge.rank=3"]),
    "linear_rank": ("svd", ALL, None, ["merge.method=linear", "merge.rank=3"]),
    "ties_exact": ("ties_svd", ALL, 0.3, ["merge.method=ties", WHOLE]),
    "ties_one": ("ties_svd", ALL, 1, ["merge.method=ties", WHOLE]),
    "magnitude_exact": ("magnitude_prune_svd", ALL, 0.3, ["merge.method=magnitude", WHOLE]),
    "dare_linear_exact": ("dare_linear_svd", ALL, 0.4, ["merge.method=dare-linear", WHOLE]),
    "dare_ties_exact": ("dare_ties_svd", ALL, 0.4, ["merge.method=dare-ties", WHOLE]),
    "ties_rank": ("ties_svd", ALL, 0.3, ["merge.method=ties", "merge.rank=4"]),
    "linear_peft": ("linear", EQUAL, None, ["merge.method=linear", "merge.compat=peft"]),
    "ties_peft": ("ties", EQUAL, 0.3, ["merge.method=ties", "merge.compat=peft"]),
    "magnitude_peft": ("magnitude_prune", EQUAL, 0.3,
                       ["merge.method=magnitude", "merge.compat=peft"]),
    "dare_linear_peft": ("dare_linear", EQUAL, 0.4,
                         ["merge.method=dare-linear", "merge.compat=peft"]),
    "dare_ties_peft": ("dare_ties", EQUAL, 0.4, ["merge.method=dare-ties", "merge.compat=peft"]),
    "cat_peft": ("cat", ALL, None, ["merge.method=cat", "merge.compat=peft"]),
    "svd_peft": ("svd", ALL, None, ["merge.method=svd", "merge.compat=peft"]),
    # One adapter is merged by `linear`, and the new one inherits use_rslora.
    "alone_peft": ("ties", ["wide"], 0.3, ["merge.method=ties", "merge.compat=peft"]),
}


# ---- DARE's masks ----

def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def key_of(*words):
    key = mix((words[0] + GAMMA) & MASK)
    for word in words[1:]:
        key = mix(((key ^ word) + GAMMA) & MASK)
    return key


def uniform(key, n):
    counter = np.arange(1, n + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(key) + counter * np.uint64(GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0 ** -53


def fingerprint(layers, linears, name):
    """The identity of a LoRA as infer/adapter/lora.h has it."""
    digest = hashlib.sha256()
    for module in linears:
        if module not in layers or name not in layers[module].lora_A:
            continue
        layer = layers[module]
        digest.update(struct.pack("<Q", len(module)) + module.encode())
        digest.update(struct.pack("<f", layer.scaling[name]))
        for factor in (layer.lora_A[name].weight, layer.lora_B[name].weight):
            digest.update(struct.pack("<qq", *factor.shape))
            digest.update(factor.detach().contiguous().numpy().tobytes())
    return int(digest.hexdigest()[:16], 16)


class Masks:
    """Stands in for torch.bernoulli: the masks in the order in which PEFT asks for them."""

    def __init__(self, layers, linears, experts, parts):
        self.shapes = []
        for module in layers:  # PEFT goes through modules, then A and B, then adapters
            for part in parts:
                for name in experts:
                    if name in layers[module].lora_A:
                        key = key_of(SEED, fingerprint(layers, linears, name),
                                     linears.index(module), 0x6D72 + part)
                        self.shapes.append(key)
        self.next = iter(self.shapes)

    def __call__(self, input):
        drawn = uniform(next(self.next), input.numel())
        return torch.from_numpy(drawn).reshape(input.shape).lt(input.double()).to(input.dtype)


# ---- merges ----

def load_experts(base):
    model = peft.PeftModel.from_pretrained(copy.deepcopy(base), GOLDEN / "routed" / ALL[0],
                                           adapter_name=ALL[0])
    for name in ALL[1:]:
        model.load_adapter(GOLDEN / "routed" / name, adapter_name=name)
    return model.eval()


def merge_by_peft(base, linears, kind, experts, density, rank):
    model = load_experts(base)
    layers = lora_layers(model)
    masks = Masks(layers, linears, experts, [0] if kind.endswith("svd") else [1, 2])
    original, torch.bernoulli = torch.bernoulli, masks
    try:
        model.base_model.add_weighted_adapter(experts, [WEIGHTS[name] for name in experts],
                                              "merged", kind, svd_rank=rank, density=density,
                                              svd_full_matrices=False)
    finally:
        torch.bernoulli = original
    if "dare" in kind:
        assert next(masks.next, None) is None, "PEFT asked for fewer masks"
    return {m: layers[m].get_delta_weight("merged").detach() for m in MODULES
            if "merged" in layers[m].lora_A}


def dense(layers, module, experts):
    return [(name, layers[module].get_delta_weight(name).detach().double())
            for name in experts if name in layers[module].lora_A]


def tsv(updates):
    most = min(updates[0][1].shape) // len(updates)
    u, s, v = [], [], []
    for name, update in updates:
        left, value, right = torch.linalg.svd(update, full_matrices=False)
        k = min(most, int((value > 1e-6 * value[0]).sum()))
        u.append(left[:, :k])
        s.append(WEIGHTS[name] * value[:k])
        v.append(right[:k].T)
    def polar(x):
        p, _, qt = torch.linalg.svd(torch.cat(x, 1), full_matrices=False)
        return p @ qt
    return polar(u) @ torch.diag(torch.cat(s)) @ polar(v).T


def iso(updates):
    u, s, vt = torch.linalg.svd(sum(WEIGHTS[name] * update for name, update in updates))
    rank = int((s > 1e-6 * s[0]).sum())
    return s[:rank].mean() * u[:, :rank] @ vt[:rank]


def ties_over_experts(layers, density):
    updates = {m: dict(dense(layers, m, ALL)) for m in layers}
    for name in ALL:
        every = torch.cat([u[name].abs().flatten() for u in updates.values() if name in u])
        least = every.sort(descending=True).values[int(density * len(every)) - 1]
        for u in updates.values():
            if name in u:
                u[name] = torch.where(u[name].abs() >= least, u[name], 0)
    merged = {}
    for module in MODULES:
        names, x = list(updates[module]), torch.stack(list(updates[module].values()))
        elected = torch.where(x.sum(0) >= 0, 1, -1)
        keep = x.sign() == elected
        w = torch.tensor([WEIGHTS[name] for name in names], dtype=torch.double)[:, None, None]
        merged[module] = (w * x * keep).sum(0) / keep.sum(0).clamp(min=1)
    return merged


def check_margins(layers):
    """Which numbers are kept, and which sign wins, hangs on no rounding."""
    for module in MODULES:
        updates = [update for _, update in dense(layers, module, ALL)]
        total = sum(kept(update, 0.3)[0] for update in updates).abs()
        assert min(kept(update, 0.3)[1] for update in updates) > MARGIN, module
        assert (total[total != 0] / total.max()).min() > MARGIN, module


def kept(x, density):
    size = x.abs().flatten().sort(descending=True).values
    k = int(density * len(size))
    return torch.where(x.abs() >= size[k - 1], x, 0), (size[k - 1] - size[k]) / size[k - 1]


def main():
    pinned()
    torch.set_num_threads(1)
    shutil.rmtree(PATH, ignore_errors=True)
    PATH.mkdir(parents=True)
    base = load_base(GOLDEN / "v1_1" / "base")
    linears = [name for name, module in base.named_modules()
               if isinstance(module, torch.nn.Linear) and name != "lm_head"]
    layers = lora_layers(load_experts(base))
    check_margins(layers)
    cases, out = {}, {}

    def keep(name, settings, experts, merged):
        weights = ",".join(f"{e}={WEIGHTS[e]}" for e in experts)
        cases[name] = {"experts": experts, "settings": settings + [f"merge.weights={weights}"]}
        out.update({f"{name}.{m}": x.float().contiguous() for m, x in merged.items()})

    for name, (kind, experts, density, settings) in PEFT_CASES.items():
        ranks = [int(s.split("=")[1]) for s in settings if s.startswith("merge.rank=")]
        merged = merge_by_peft(base, linears, kind, experts, density, min(ranks[0], 1000)
                               if ranks else None)
        if density:
            settings = settings + [f"merge.density={density}", f"merge.seed={SEED}"]
        keep(name, settings, experts, merged)
    for name, merge in (("tsv", tsv), ("iso", iso)):
        keep(name, [f"merge.method={name}"], ALL,
             {m: merge(dense(layers, m, ALL)) for m in MODULES})
    keep("ties_expert", ["merge.method=ties", "merge.scope=expert", "merge.density=0.3", WHOLE], ALL,
         ties_over_experts(layers, 0.3))
    write_json(PATH / "expected.json", {"versions": pinned(), "modules": MODULES, "cases": cases})
    save_file(out, PATH / "expected.safetensors")


if __name__ == "__main__":
    main()
