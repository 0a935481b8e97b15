"""Golden files of a mixture of experts whose gates learn: tests/golden/routed_gradient/expected.safetensors.

One linear with four experts of ranks 1, 2, 3 and none, routed as in section 3 of PHATGOOSE (Muqeeth et
al. 2024): logits LN(x) . LN(v) / sqrt(d), the two largest, softmax over them. PyTorch differentiates
<dy, y> for x and the gates; which experts are chosen is a constant, as topk's indices are.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import layer_norm, linear

ROWS, D_IN, D_OUT, RANKS, TOP_K, SCALE = 23, 12, 7, (1, 2, 3), 2, 0.75
OUT = Path(__file__).resolve().parent.parent / "golden" / "routed_gradient"


def routed(x, w, gates, factors):
    logits = linear(layer_norm(x, (D_IN,)), layer_norm(gates, (D_IN,))) / D_IN**0.5
    logits[:, len(RANKS)] = -torch.inf  # has no factors
    top, chosen = logits.topk(TOP_K, dim=-1)
    weights = torch.zeros_like(logits).scatter(1, chosen, top.softmax(-1))
    y = linear(x, w)
    for e, (a, b) in enumerate(factors):
        y = y + weights[:, e : e + 1] * SCALE * linear(linear(x, a), b)
    return y


def main():
    generator = torch.Generator().manual_seed(20)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    x, w, gates, dy = draw(ROWS, D_IN), draw(D_OUT, D_IN), draw(len(RANKS) + 1, D_IN), draw(ROWS, D_OUT)
    factors = [(draw(r, D_IN), draw(D_OUT, r)) for r in RANKS]
    x.requires_grad_()
    gates.requires_grad_()
    y = routed(x, w, gates, factors)
    (y * dy).sum().backward()
    tensors = {"x": x, "w": w, "gates": gates, "dy": dy, "y": y, "dx": x.grad, "dgates": gates.grad}
    for e, (a, b) in enumerate(factors):
        tensors |= {f"a.{e}": a, f"b.{e}": b}
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({name: t.detach().contiguous() for name, t in tensors.items()}, OUT / "expected.safetensors")


if __name__ == "__main__":
    main()
