"""Writes tests/golden/routed: a pool of LoRA experts on the base of tests/golden/v1_1, and what every
method of routing makes of it, in plain PyTorch.

    python tests/oracle/routed.py             (after make_golden.py; versions: requirements.txt)

    <expert>/             PEFT directories; ranks, alphas and covered linears differ
    expected.json         experts, linears in module order, examples, settings of every method
    expected.safetensors
        <expert>.<kind>       vectors of the covered linears, end to end in module order;
                              <kind> is gate, mean, absolute
        experts, queries      instruction embeddings [experts or examples, dim]
        <method>.logits       [target tokens, vocab]
        <method>.weights      [rows, experts] for the methods that select: of every linear that
                              somebody covers, in module order, of every row of the batch
        <method>.local        the same of the scores of rows, before anything is added; of TERMS
        <method>.global       [examples, experts] what is added to them, of methods that do
        <kind>.mean, .deviation   [experts, linears] of CALIBRATED

T5 is that of transformers; factors are stored by PEFT. The routing is written here from the papers'
formulas, one example at a time, dense over experts, in double where the formula is not PyTorch's own
op, so that it shares nothing with a sparse executor. Weights of experts that are not chosen are 0. The
seed is one for which no row is within 1e-4 of another choice.
"""

import copy
import json
import math
import pathlib
import shutil

import peft
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from make_golden import load_base, make_examples, pinned, write_json
from reference import ADAPTER, example_logits, lora_layers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
PATH = GOLDEN / "routed"
SEED = 5
MARGIN = 1e-4
LENGTHS = [(9, 4), (1, 2), (12, 3)]  # (input, target) of each example, EOS included
DIM = 6  # of instruction embeddings

# Nobody covers wi_1; "few" covers some linears; "wide" alone has rank 5 and rslora.
EXPERTS = {
    "one": dict(r=3, lora_alpha=8, target_modules=["k", "o", "q", "v", "wi_0", "wo"]),
    "two": dict(r=3, lora_alpha=5, target_modules=["k", "o", "q", "v", "wi_0", "wo"],
                alpha_pattern={"wo": 9}),
    "few": dict(r=1, lora_alpha=3, target_modules=["q", "v"]),
    "wide": dict(r=2, lora_alpha=4, use_rslora=True, target_modules=["k", "o", "q", "v", "wo"],
                 rank_pattern={"wo": 5, "decoder.block.1.layer.0.SelfAttention.q": 4}),
}

# Settings as skein takes them, and the same for select() below.
LOCAL = dict(vectors="gate", norm_input=True, norm_vector=True, top_k=2)
METHODS = {
    "phatgoose": (["router=phatgoose"], LOCAL),
    "top_p": (["router=phatgoose", "top_p=0.7"], {**LOCAL, "top_p": 0.7}),
    "glider_constant": (["router=glider", "global.scale=2.5"], {**LOCAL, "glider": (2.5,)}),
    "glider_threshold": (["router=glider", "top_k=3", "global.rule=threshold", "global.gamma=5",
                          "global.beta=0.5", "global.threshold=0.6"],
                         {**LOCAL, "top_k": 3, "glider": (5, 0.5, 0.6)}),
    "activation_mean": (["router=average-activation"], {**LOCAL, "vectors": "mean"}),
    "activation_absolute": (["router=average-activation", "activation.mode=absolute"],
                            {**LOCAL, "vectors": "absolute"}),
    "arrow_mttl": (["router=arrow"],
                   dict(vectors="arrow", absolute=True, temperature=1, top_k=2, over_chosen=True,
                        parameters=True)),
    "arrow_glider": (["router=arrow", "arrow.mode=glider"],
                     dict(vectors="arrow", absolute=True, temperature=10, top_k=2)),
    "arrow_released": (["router=arrow", "arrow.mode=glider-released"],
                       dict(vectors="arrow", norm_input=True, top_k=2)),
    "merged": (["router=merged"], dict(merged=True)),
    "merged_factors": (["router=merged-factors"], dict(factors=True, only=["one", "two"])),
    "retrieval": (["router=retrieval"], dict(nearest=1)),
    "retrieval_mixture": (["router=retrieval", "retrieval.k=3", "retrieval.weights=softmax",
                           "retrieval.tau=0.5"], dict(nearest=3, tau=0.5)),
    "retrieval_fusion": (["router=retrieval", "retrieval.k=2", "retrieval.mode=fusion"],
                         dict(nearest=2, factors=True)),
    "base": (["router=base"], None),
    "logo": (["router=logo"], dict(probe="norm", top_k=2)),
    "logo_entropy": (["router=logo", "logo.by=entropy", "logo.probe=base", "top_k=3",
                      "logo.module=encoder.block.1.layer.0.SelfAttention.v"],
                     dict(probe="entropy", alone=True, top_k=3,
                          module="encoder.block.1.layer.0.SelfAttention.v")),
    "norm": (["router=norm"], dict(norm=True, top_k=2, over_chosen="uniform")),
    "norm_seen": (["router=norm", "norm.spectrum=false", "norm.weights=softmax", "top_k=3"],
                  dict(norm=True, flat=True, top_k=3, over_chosen=True)),
    "norm_proportional": (["router=norm", "norm.weights=proportional", "top_k=3"],
                          dict(norm=True, top_k=3, over_chosen="proportional")),
    "norm_first": (["router=norm", "norm.spectrum=false", "norm.rank=2", "norm.weights=softmax",
                    "top_k=2"], dict(norm=True, flat=True, rank=2, top_k=2, over_chosen=True)),
    "norm_first_stretched": (["router=norm", "norm.rank=1", "top_k=3"],
                             dict(norm=True, rank=1, top_k=3, over_chosen="uniform")),
    "norm_prefilter": (["router=norm", "norm.prefilter=2", "norm.spectrum=false", "top_k=1"],
                       dict(norm=True, flat=True, prefilter=2, top_k=1, over_chosen="uniform")),
    "glider_activation": (["router=glider", "global.over=average-activation", "global.scale=1.5"],
                          {**LOCAL, "vectors": "mean", "glider": (1.5,)}),
    "glider_arrow": (["router=glider", "global.over=arrow", "global.scale=2"],
                     dict(vectors="arrow", absolute=True, temperature=1, top_k=2, over_chosen=True,
                          parameters=True, glider=(2,))),
    "glider_norm": (["router=glider", "global.over=norm", "global.rule=threshold",
                     "global.gamma=3", "global.beta=1", "global.threshold=0.6",
                     "norm.spectrum=false", "norm.weights=softmax"],
                    dict(norm=True, flat=True, top_k=2, over_chosen=True, glider=(3, 1, 0.6))),
    "glider_norm_proportional": (["router=glider", "global.over=norm", "global.scale=2",
                                  "norm.weights=proportional", "norm.prefilter=3", "top_k=2"],
                                 dict(norm=True, prefilter=3, top_k=2, over_chosen="proportional",
                                      glider=(2,))),
}

# Methods whose scores are calibrated, and the kind of scores: <kind>.mean and .deviation [experts,
# linears] are those of the base's own rows, 0 where an expert has no adapter.
CALIBRATED = {
    "calibrated_gate": ("gate_scores", (["router=phatgoose"], LOCAL)),
    "calibrated_glider": ("gate_scores", (["router=glider", "global.scale=2.5"],
                                          {**LOCAL, "glider": (2.5,)})),
    "calibrated_arrow": ("arrow_scores", METHODS["arrow_mttl"]),
    "calibrated_norm": ("norm_scores", (["router=norm", "norm.weights=softmax"],
                                        dict(norm=True, top_k=2, over_chosen=True))),
    "calibrated_glider_norm": ("norm_scores", (["router=glider", "global.over=norm",
                                                "norm.weights=softmax", "global.scale=2"],
                                               dict(norm=True, top_k=2, over_chosen=True,
                                                    glider=(2,)))),
}

TERMS = ["phatgoose", "glider_threshold", "activation_mean", "arrow_glider", "norm_prefilter",
         "glider_norm"]


def make_expert(base, name, rng):
    """Factors large enough that which expert runs is seen in the logits."""
    config = peft.LoraConfig(task_type="SEQ_2_SEQ_LM", **EXPERTS[name])
    model = peft.get_peft_model(copy.deepcopy(base), config)
    for layer in lora_layers(model).values():
        for factor in (layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]):
            scale = 0.8 * factor.in_features ** -0.5
            factor.weight.data = torch.randn(factor.weight.shape, generator=rng) * scale
    config.base_model_name_or_path = "golden/v1_1"
    model.save_pretrained(PATH / name, save_embedding_layers=False)
    (PATH / name / "README.md").unlink()
    file = PATH / name / "adapter_config.json"
    saved = json.loads(file.read_text())
    saved["target_modules"].sort()  # PEFT writes a set, in an order that changes
    write_json(file, saved)
    return {module: {"a": layer.lora_A[ADAPTER].weight.detach().double(),
                     "b": layer.lora_B[ADAPTER].weight.detach().double(),
                     "scale": layer.scaling[ADAPTER]}
            for module, layer in lora_layers(model).items()}


def prototype(f):
    """First right singular vector of B A, its largest component positive."""
    p = torch.linalg.svd(f["b"] @ f["a"]).Vh[0]
    return p * p[p.abs().argmax()].sign()


def add_vectors(expert, rng):
    for f in expert.values():
        d = f["a"].shape[1]
        f["gate"] = 0.1 + 0.4 * torch.randn(d, generator=rng)
        f["mean"] = 0.5 * torch.randn(d, generator=rng)
        f["absolute"] = 0.3 + 0.4 * torch.rand(d, generator=rng)
        f["arrow"] = prototype(f).float()


class Routed:
    """One method on the base; collects the weights of every linear."""

    def __init__(self, experts, embeddings, queries, rule):
        names = rule.get("only", list(experts))
        self.experts = [experts[name] for name in names]
        self.embeddings, self.queries, self.rule = embeddings, queries, rule
        self.weights, self.local, self.margin, self.example = {}, {}, math.inf, 0
        self.calibration = rule.get("calibration")  # {module: (mean, deviation) [experts]}
        self.shares = None  # [experts] of the example, of a rule that probes it first

    def attach(self, model):
        def hook(module):
            return lambda _, inputs, output: output + self.add(module, inputs[0][0])[None]
        covered = {module for expert in self.experts for module in expert}
        return [model.get_submodule(module).register_forward_hook(hook(module))
                for module in covered]

    def cosines(self):
        query = self.queries[self.example]
        return F.cosine_similarity(self.embeddings, query[None], dim=1)

    def bias(self):
        cosine, glider = self.cosines(), self.rule["glider"]
        if len(glider) == 1:
            return glider[0] * cosine
        gamma, beta, threshold = glider
        return (gamma * (cosine.max() > threshold) + beta) * cosine

    def norms(self, module, u):
        """|B A u|, or without its singular values |V^T u|, of the experts that pass the filter."""
        columns, near = [], []
        for expert in self.experts:
            if module not in expert:
                columns.append(torch.full([len(u)], -math.inf))
                near.append(columns[-1])
                continue
            f = expert[module]
            update = f["b"] @ f["a"]
            if self.rule.get("flat"):
                update = torch.linalg.svd(update).Vh[:torch.linalg.matrix_rank(update)]
                update = update[:self.rule.get("rank")]
            elif "rank" in self.rule:
                _, s, v = torch.linalg.svd(update, full_matrices=False)
                update = (s[:, None] * v)[:self.rule["rank"]]
            columns.append((u.double() @ update.T).norm(dim=1).float())
            near.append((u @ f["arrow"]).abs())
        z = torch.stack(columns, 1)
        if "prefilter" in self.rule:
            z = z.masked_fill(~self.keep_top_k(torch.stack(near, 1), self.rule["prefilter"]),
                              -math.inf)
        return z

    def scores(self, module, u):
        if "norm" in self.rule:
            return self.norms(module, u)
        rule, d = self.rule, u.shape[1]
        x = F.layer_norm(u, [d]) if rule.get("norm_input") else u
        columns = []
        for expert in self.experts:
            if module not in expert:
                columns.append(torch.full([len(u)], -math.inf))
                continue
            v = expert[module][rule["vectors"]]
            v = F.layer_norm(v, [d]) if rule.get("norm_vector") else v
            columns.append(x @ v)
        z = torch.stack(columns, 1)
        z = torch.where(z.isinf(), z, z.abs()) if rule.get("absolute") else z
        return z / rule.get("temperature", math.sqrt(d))

    def logits(self, module, u):
        """Scores, and what experts are chosen by: with what instructions add to them."""
        local = self.scores(module, u)
        if self.calibration:
            mean, deviation = self.calibration[module]
            z = ((local.double() - mean) / deviation).float()
            local = torch.where(local.isinf(), local, z)
        self.local.setdefault(module, []).append(local)
        return local, local + self.bias() if "glider" in self.rule else local

    def keep_top_k(self, z, k):
        values, chosen = z.sort(dim=1, descending=True)
        if k < z.shape[1]:
            gap = values[:, k - 1] - values[:, k]
            self.margin = min(self.margin, gap[gap.isfinite()].min().item() if
                              gap.isfinite().any() else math.inf)
        return torch.zeros_like(z, dtype=torch.bool).scatter(1, chosen[:, :k], True)

    def keep_top_p(self, z):
        values, order = z.softmax(1).sort(dim=1)
        below = values.cumsum(1)
        self.margin = min(self.margin, (below - (1 - self.rule["top_p"])).abs().min().item())
        kept = below > 1 - self.rule["top_p"]
        kept[:, -1] = True
        return torch.zeros_like(kept).scatter(1, order, kept)

    def select(self, local, z):
        """Weights [rows, experts], 0 where not chosen; and as they multiply."""
        if "top_p" in self.rule:
            return z.masked_fill(~self.keep_top_p(z), -math.inf).softmax(1)
        kept = self.keep_top_k(z, self.rule["top_k"]) & z.isfinite()
        over = self.rule.get("over_chosen")
        if over in ("uniform", "proportional"):
            w = kept.float() if over == "uniform" else local.masked_fill(~kept, 0)
            return w / w.sum(1, keepdim=True)
        if over:
            return z.masked_fill(~kept, -math.inf).softmax(1)
        w = z.softmax(1) * kept
        return w / (w.sum(1, keepdim=True) + 1e-6)

    def probe(self, model, example):
        """Weights of the experts by what they make of the last token of the input."""
        rule, seen = self.rule, {}
        last = f"encoder.block.{model.config.num_layers - 1}.layer.0.SelfAttention.q"
        probed = rule.get("module", last)

        def all_experts(module):
            def hook(_, inputs, output):
                u = inputs[0][0].double()
                seen[module] = u[-1]
                if rule.get("alone"):
                    return None
                return output + sum(f["scale"] * (u @ f["a"].T @ f["b"].T) for f in
                                    (e[module] for e in self.experts if module in e)).float()[None]
            return hook
        hooks = [model.get_submodule(module).register_forward_hook(all_experts(module))
                 for module in {m for e in self.experts for m in e}]
        model.encoder(input_ids=torch.tensor([example["input"]]))
        for hook in hooks:
            hook.remove()
        made = torch.stack([f["scale"] * (f["b"] @ (f["a"] @ seen[probed]))
                            for f in (e[probed] for e in self.experts)])
        if rule["probe"] == "norm":
            score = made.norm(dim=1)
        else:
            p = made.softmax(1)
            score = 1 / (-(p * p.log()).sum(1) + 1e-6)
        kept = self.keep_top_k(score[None], rule["top_k"])[0]
        self.shares = score.masked_fill(~kept, 0) / score[kept].sum()

    def fixed(self, module, rows):
        """Weights that do not depend on tokens: all alike, or of the nearest experts."""
        covers = torch.tensor([float(module in expert) for expert in self.experts])
        if self.shares is not None:
            return (self.shares * covers).expand(rows, -1)
        if "nearest" in self.rule:
            cosine = self.cosines()
            kept = self.keep_top_k(cosine[None], self.rule["nearest"])[0]
            z = cosine / self.rule["tau"] if "tau" in self.rule else torch.zeros_like(cosine)
            return (z.masked_fill(~kept, -math.inf).softmax(0) * covers).expand(rows, -1)
        return (covers / covers.sum()).expand(rows, -1)

    def add(self, module, u):
        if "measured" in self.rule:
            self.logits(module, u)
            return torch.zeros(())
        if "vectors" in self.rule or "norm" in self.rule:
            w = self.select(*self.logits(module, u))
            self.weights.setdefault(module, []).append(w)
        else:
            w = self.fixed(module, len(u))
        x, w = u.double(), w.double()
        if self.rule.get("parameters") or self.rule.get("factors"):
            return self.run_parameters(module, x, w).float()
        y = 0
        for i, expert in enumerate(self.experts):
            if module in expert:
                f = expert[module]
                y = y + w[:, i:i + 1] * f["scale"] * (x @ f["a"].T @ f["b"].T)
        return y.float()

    def run_parameters(self, module, x, w):
        """Per token A = sum w A_i and B = sum w s_i B_i, smaller ranks padded with zeros."""
        factors = [(i, e[module]) for i, e in enumerate(self.experts) if module in e]
        rank = max(f["a"].shape[0] for _, f in factors)
        a = torch.stack([F.pad(f["a"], (0, 0, 0, rank - f["a"].shape[0])) for _, f in factors])
        b = torch.stack([f["scale"] * F.pad(f["b"], (0, rank - f["b"].shape[1]))
                         for _, f in factors])
        w = w[:, [i for i, _ in factors]]
        return torch.einsum("tor,trd,td->to", torch.einsum("ti,ior->tor", w, b),
                            torch.einsum("ti,ird->trd", w, a), x)


def run(base, experts, embeddings, queries, examples, rule):
    model = copy.deepcopy(base)
    routed = Routed(experts, embeddings, queries, rule or {"only": []})
    logits = []
    with torch.no_grad():
        for routed.example, example in enumerate(examples):
            if "probe" in routed.rule:
                routed.probe(model, example)
            hooks = routed.attach(model)
            logits.append(example_logits(model, example))
            for hook in hooks:
                hook.remove()
    return torch.cat(logits), routed


def measure(base, experts, embeddings, queries, examples, rule):
    """{linear: (mean, deviation)} [experts] of the scores of the base's own rows."""
    _, routed = run(base, experts, embeddings, queries, examples,
                    {**{k: v for k, v in rule.items() if k != "glider"}, "measured": True})
    return {module: (z.mean(0), z.std(0, correction=0)) for module, z in
            ((module, torch.cat(rows).double()) for module, rows in routed.local.items())}


def calibrated_methods(out, linears, *case):
    """Runs CALIBRATED and puts what they are measured to be, and make, into `out`."""
    methods = {}
    for name, (kind, (settings, rule)) in CALIBRATED.items():
        made = measure(*case, rule)
        for i, what in enumerate(("mean", "deviation")):
            zeros = torch.zeros(len(EXPERTS), dtype=torch.float64)
            columns = [made[m][i] if m in made else zeros for m in linears]
            out[f"{kind}.{what}"] = torch.stack(columns, 1).nan_to_num(0, 0, 0).float()
        logits, routed = run(*case, {**rule, "calibration": made})
        assert routed.margin > MARGIN, f"{name}: a choice hangs on {routed.margin}; take a new seed"
        assert logits.isfinite().all()
        out[f"{name}.logits"] = logits
        out[f"{name}.weights"] = rows_of(routed.weights, linears)
        methods[name] = {"settings": settings, "scores": kind}
        print(name, "margin", routed.margin)
    return methods


def rows_of(values, linears):
    """[rows, experts] of every linear that somebody covers, in module order."""
    return torch.cat([torch.cat(values[m]) for m in linears if m in values])


def main():
    pinned()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    shutil.rmtree(PATH, ignore_errors=True)
    PATH.mkdir(parents=True)
    base = load_base(GOLDEN / "v1_1" / "base")
    experts = {name: make_expert(base, name, rng) for name in EXPERTS}
    linears = [name for name, module in base.named_modules()
               if isinstance(module, torch.nn.Linear) and name != "lm_head"]
    out = {}
    for name, expert in experts.items():
        add_vectors(expert, rng)
        for kind in ("gate", "mean", "absolute"):
            out[f"{name}.{kind}"] = torch.cat([expert[m][kind] for m in linears if m in expert])
    case = type("", (), {"lengths": LENGTHS, "shape": {"vocab_size": base.config.vocab_size}})
    examples = make_examples(case, rng)
    out["experts"] = torch.randn(len(EXPERTS), DIM, generator=rng)
    out["queries"] = torch.randn(len(examples), DIM, generator=rng)
    near = [F.cosine_similarity(out["experts"], q[None]).max() > 0.6 for q in out["queries"]]
    assert any(near) and not all(near), "the threshold rule needs queries on both sides of it"
    methods = {}
    for name, (settings, rule) in METHODS.items():
        logits, routed = run(base, experts, out["experts"], out["queries"], examples, rule)
        assert routed.margin > MARGIN, f"{name}: a choice hangs on {routed.margin}; take a new seed"
        for other in methods:  # a router that were another would be seen
            apart = (logits - out[f"{other}.logits"]).norm() / logits.norm()
            assert apart > 0.02, f"{name} and {other} are {apart} apart"
        out[f"{name}.logits"] = logits
        if routed.weights:
            out[f"{name}.weights"] = rows_of(routed.weights, linears)
        if name in TERMS:
            out[f"{name}.local"] = rows_of(routed.local, linears)
        if name in TERMS and "glider" in rule:
            out[f"{name}.global"] = torch.stack([routed.bias() for routed.example
                                                 in range(len(examples))])
        methods[name] = {"settings": settings, "only": (rule or {}).get("only", list(EXPERTS))}
        print(name, "margin", routed.margin)
    calibrated = calibrated_methods(out, linears, base, experts, out["experts"], out["queries"],
                                    examples)
    write_json(PATH / "expected.json", {"versions": pinned(), "experts": list(EXPERTS),
                                        "linears": linears, "examples": examples,
                                        "methods": methods, "calibrated": calibrated})
    save_file({k: v.contiguous() for k, v in out.items()}, PATH / "expected.safetensors")


if __name__ == "__main__":
    main()
