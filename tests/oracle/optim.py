"""Prints the expected numbers of tests/test_optim.c, computed with PyTorch and transformers.

Run with a Python that has torch and transformers:  python tests/oracle/optim.py
"""
import torch
import transformers

torch.set_num_threads(1)


def row(name, values):
    body = ", ".join(f"{float(v):.9g}" for v in values)
    print(f"static const double {name}[] = {{{body}}};")


def adamw(name, updates, lr, weight_decay, max_norm):
    """Eight weights in two tensors; gradient of weight i at update t is ((7 i + 3 t) % 11 - 5) / 8."""
    params = [torch.tensor([float(i) - 3.5 for i in half]) for half in (range(0, 3), range(3, 8))]
    optimizer = torch.optim.AdamW(params, lr=lr, weight_decay=weight_decay, foreach=False)
    for t in range(1, updates + 1):
        for p, half in zip(params, (range(0, 3), range(3, 8))):
            p.grad = torch.tensor([((7 * i + 3 * t) % 11 - 5) / 8 for i in half])
        if max_norm:
            norm = torch.nn.utils.clip_grad_norm_(params, max_norm)
        optimizer.step()
    row(name, torch.cat(params))
    if max_norm:
        row(name + "_norm", [norm])


def adafactor(name, shape, updates, lr, weight_decay=0.0, scale_parameter=True):
    """One parameter of 8 weights, i - 3.5; gradients as above."""
    param = torch.tensor([float(i) - 3.5 for i in range(8)]).reshape(shape)
    optimizer = transformers.Adafactor([param], lr=lr, weight_decay=weight_decay,
                                       scale_parameter=scale_parameter, relative_step=False)
    for t in range(1, updates + 1):
        param.grad = torch.tensor([((7 * i + 3 * t) % 11 - 5) / 8 for i in range(8)]).reshape(shape)
        optimizer.step()
    row(name, param.flatten())


def schedule(name, make, steps, **kwargs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer, **kwargs)
    factors = []
    for _ in range(steps + 1):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    row(name, factors)


adamw("ONE", 1, 5e-3, 0.0, 0)
adamw("TEN", 10, 5e-3, 0.0, 0)
adamw("DECAYED", 10, 3e-2, 0.1, 0)
adamw("CLIPPED", 10, 3e-2, 0.1, 0.25)
adafactor("FACTOR_COLUMN", (8, 1), 10, 3e-3)  # as T-Few has its vectors
adafactor("FACTOR_ROW", (1, 8), 10, 3e-3)
adafactor("FACTOR_MATRIX", (2, 4), 10, 3e-3)
adafactor("FACTOR_DECAYED", (4, 2), 10, 3e-2, 0.1)
adafactor("FACTOR_UNSCALED", (8,), 10, 3e-2, 0.0, False)
schedule("CONSTANT", transformers.get_constant_schedule_with_warmup, 10, num_warmup_steps=4)
schedule("LINEAR", transformers.get_linear_schedule_with_warmup, 10, num_warmup_steps=4,
         num_training_steps=10)
schedule("COSINE", transformers.get_cosine_schedule_with_warmup, 10, num_warmup_steps=4,
         num_training_steps=10)
schedule("LINEAR_AT_ONCE", transformers.get_linear_schedule_with_warmup, 5, num_warmup_steps=0,
         num_training_steps=5)
