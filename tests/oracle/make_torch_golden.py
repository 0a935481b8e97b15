"""Writes tests/golden/torch: files that PyTorch wrote, and the same tensors by safetensors.

    python tests/oracle/make_torch_golden.py        (versions: requirements.txt beside this file)

good/NAME.pt is read by torch.load, and good/NAME.safetensors is save_file of the tensors that it
gives, each for itself, under the names that skein gives them. refused/NAME.pt is what PyTorch or
Python wrote and a reader of tensors must not touch; refused.json has words of the refusal of each
(legacy.pt and script.pt differ every time). base/ is tests/golden/v1_1/base with its weights in two
shards by torch.save, and expert/ its expert_qv. demo_expert/ is a small expert of the demo's base by
PEFT's own writer of adapter_model.bin, with the same factors in demo_expert.safetensors.
"""

import argparse
import collections
import io
import json
import pathlib
import shutil
import zipfile

import numpy
import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
OUT = GOLDEN / "torch"
WRAPPERS = ("state_dict", "model_state_dict", "model", "module")


def names_of(value, name=""):
    """Pairs of a name and a tensor, by the rules of data/tensors/torch_file.h."""
    if isinstance(value, torch.Tensor):
        yield name or "tensor", value
        return
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, (list, tuple)) else ())
    for key, part in items:
        yield from names_of(part, f"{name}.{key}" if name else str(key))


def tensors_of(value):
    found = dict(names_of(value))
    if isinstance(value, dict):
        holders = [k for k, v in value.items() if dict(names_of(v))]
        if len(holders) == 1 and holders[0] in WRAPPERS and isinstance(value[holders[0]], dict):
            found = {k[len(holders[0]) + 1:]: v for k, v in found.items()}
    return {k: v.detach().contiguous().clone() for k, v in found.items()}


def numbers(shape, seed, dtype=torch.float32):
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return drawn.to(dtype)


def write(name, value, **how):
    path = OUT / "good" / f"{name}.pt"
    torch.save(value, path, **how)
    expect(name)


def expect(name):
    path = OUT / "good" / f"{name}.pt"
    value = torch.load(path, weights_only=False)  # written here; weights_only refuses protocol 4
    save_file(tensors_of(value), path.with_suffix(".safetensors"), metadata={"format": "pt"})


def all_dtypes():
    made = {str(d).split(".")[1]: numbers((3, 2), 5).mul(40).to(d)
            for d in (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64,
                      torch.int32, torch.int16, torch.int8)}
    made["uint8"] = torch.tensor([0, 1, 254, 255], dtype=torch.uint8)
    made["bool"] = torch.tensor([True, False, True])
    made["strange"] = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45])
    return made


def views():
    whole = numbers((4, 6), 1)
    cube = numbers((2, 3, 4), 2, torch.bfloat16)
    return {"whole": whole, "transposed": whole.t(), "rows": whole[1:3], "columns": whole[:, 2:5],
            "steps": whole[::2, ::3], "last": whole[3, 5], "expanded": whole[:1].expand(3, 6),
            "permuted": cube.permute(2, 0, 1), "ones": whole[:, :1].t(), "none": whole[2:2],
            "deep": cube[1].t().unsqueeze(0).expand(2, 4, 3)}


def rewritten(name, source, change, zip64=False):
    """good/SOURCE.pt with the bytes of every member changed, as an archive by Python's zipfile."""
    with zipfile.ZipFile(OUT / "good" / f"{source}.pt") as old, zipfile.ZipFile(
            OUT / "good" / f"{name}.pt", "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            short = info.filename.split("/", 1)[1]
            data = change(short, old.read(info))
            if data is None:
                continue
            fresh = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
            with new.open(fresh, "w", force_zip64=zip64) as member:
                member.write(data)
    expect(name)


def good():
    tied = numbers((5, 3), 3)
    linear = torch.nn.Linear(3, 2)
    with torch.no_grad():
        for i, p in enumerate(linear.parameters()):
            p.copy_(numbers(p.shape, 20 + i))
    write("dict", {"b": numbers((2, 3), 7), "a": numbers((4,), 8)})
    write("ordered", linear.state_dict())
    write("parameter", {"p": torch.nn.Parameter(numbers((2, 2), 9)),
                        "frozen": torch.nn.Parameter(numbers((3,), 10), requires_grad=False)})
    write("tied", {"shared.weight": tied, "encoder.embed_tokens.weight": tied,
                   "lm_head.weight": torch.nn.Parameter(tied), "other": numbers((2,), 4)})
    write("views", views())
    write("dtypes", all_dtypes())
    write("empty", {"nothing": torch.zeros(0), "flat": torch.zeros(0, 4),
                    "scalar": torch.tensor(2.5), "one": torch.ones(1, 1, 1)})
    write("vectors", {"sort": numbers((4,), 32), "count": numbers((4,), 33)})  # as of embeddings
    write("single", numbers((2, 2), 11))
    write("list", [numbers((2,), 12), (numbers((1,), 13), {"deep": numbers((2, 1), 14)})])
    inside = collections.OrderedDict(w=numbers((2, 2), 15), b=numbers((2,), 16))
    write("wrapper", {"state_dict": inside, "epoch": 3, "loss": 0.1, "name": "a run", "done": False, "best": None,
                      "steps": [1, 2, 3], "shape": torch.Size([2, 2]), "seed": 2**70, "empty": {}})
    state = {0: {"step": torch.tensor(1.0), "avg": numbers((2,), 18)}}
    write("optimizer", {"model": {"w": numbers((2,), 17)},
                        "optimizer": {"state": state,
                                      "groups": [{"lr": 1e-3, "betas": (0.9, 0.999)}]}})
    write("names", {"über.weight": numbers((1,), 19), "a b": numbers((1,), 20),
                    "c\td": numbers((1,), 21)})
    for protocol in (3, 4, 5):
        write(f"protocol{protocol}", {"w": linear.state_dict(), "views": views()["transposed"],
                                      "n": 70000, "negative": -5, "text": "x" * 300},
              pickle_protocol=protocol)
    torch.serialization.set_crc32_options(False)
    write("no_sums", {"w": numbers((3, 3), 22)})
    torch.serialization.set_crc32_options(True)
    sizes = [t.element_size() for t in all_dtypes().values()]  # storages have the same order

    def swap(member, data):
        if member == "byteorder":
            return b"big"
        if not member.startswith("data/"):
            return data
        size = sizes[int(member[len("data/"):])]
        return b"".join(data[i:i + size][::-1] for i in range(0, len(data), size))

    rewritten("big_endian", "dtypes", swap)
    rewritten("zip64", "views", lambda member, data: data, zip64=True)
    rewritten("no_order", "dict", lambda member, data:
              None if member in ("byteorder", ".format_version", ".storage_alignment") else data)


class Evil:
    def __reduce__(self):
        import os
        return os.system, ("true",)


def refused():
    """Words of the refusal of each file, which is written."""
    words = {}
    torch.manual_seed(41)

    def bad(name, value, expected, save=torch.save, **how):
        save(value, OUT / "refused" / f"{name}.pt", **how)
        words[name] = expected

    w = numbers((2,), 30)
    bad("evil", {"w": w, "x": Evil()}, "posix.system is refused")
    bad("numpy", {"w": w, "loss": numpy.float64(3)}, "multiarray.scalar is refused")
    bad("namespace", {"w": w, "args": argparse.Namespace(lr=1)}, "argparse.Namespace is refused")
    bad("model", torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear is refused")
    bad("dtype", {"w": w, "dtype": torch.float32}, "torch.float32 is refused")
    bad("bytes", {"w": w, "b": b"ab"}, "_codecs.encode is refused")
    bad("bytes4", {"w": w, "b": b"ab"}, "SHORT_BINBYTES", pickle_protocol=4)
    bad("set", {"w": w, "s": {1, 2}}, "__builtin__.set is refused")
    bad("unsigned", {"w": torch.tensor([1], dtype=torch.uint16)}, "_rebuild_tensor_v3 is refused")
    bad("complex", {"w": torch.tensor([1j])}, "torch.ComplexFloatStorage is refused")
    bad("sparse", {"w": torch.eye(2).to_sparse()}, "_rebuild_sparse_tensor is refused")
    bad("quantized", {"w": torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)},
        "_rebuild_qtensor is refused")
    bad("negative", {"w": torch._neg_view(w)}, "metadata of a tensor: neg: is not supported")
    bad("legacy", {"w": w}, "a pickle by PyTorch before 1.6", _use_new_zipfile_serialization=False)
    bad("script", torch.jit.script(torch.nn.Linear(2, 2)), "TorchScript archive",
        save=torch.jit.save)
    bad("self", own(), "is nested too deep, or in itself")
    with open(OUT / "refused" / "pickle.pt", "wb") as f:
        import pickle
        pickle.dump({"a": 1}, f, protocol=4)
    words["pickle"] = "a bare Python pickle"
    numpy.savez(OUT / "refused" / "npz.npz", a=numpy.zeros(2))
    (OUT / "refused" / "npz.npz").rename(OUT / "refused" / "npz.pt")
    words["npz"] = "is an archive of NumPy (.npz)"
    deflate("compressed", {"w": torch.zeros(4000)})
    words["compressed"] = "is compressed"
    (OUT / "refused.json").write_text(json.dumps(words, indent=1, sort_keys=True) + "\n")


def own():
    inside = [numbers((1,), 31)]
    inside.append(inside)
    return {"list": inside}


def deflate(name, value):
    saved = io.BytesIO()
    torch.save(value, saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(
            OUT / "refused" / f"{name}.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0)), old.read(info),
                         compress_type=zipfile.ZIP_DEFLATED)


def model():
    """A T5 as transformers wrote it: tied tensors under all their names, an index of two shards."""
    source, base = GOLDEN / "v1_1" / "base", OUT / "base"
    weights = load_file(source / "model.safetensors")
    for alias in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
        weights[alias] = weights["shared.weight"]
    base.mkdir()
    for name in ("config.json", "generation_config.json"):
        shutil.copy(source / name, base / name)
    tied = {n for n in weights if n == "shared.weight" or n.endswith("embed_tokens.weight")}
    shards = [{n: w for n, w in weights.items() if (n in tied or n < "e") == first}
              for first in (True, False)]
    placed = {}
    for i, shard in enumerate(shards, 1):
        name = f"pytorch_model-{i:05d}-of-00002.bin"
        torch.save(shard, base / name)
        placed.update(dict.fromkeys(shard, name))
    size = sum(w.nbytes for w in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": placed}
    text = json.dumps(index, indent=1, sort_keys=True)
    (base / "pytorch_model.bin.index.json").write_text(text + "\n")


def expert():
    source, out = GOLDEN / "v1_1" / "expert_qv", OUT / "expert"
    out.mkdir()
    shutil.copy(source / "adapter_config.json", out)
    torch.save(load_file(source / "adapter_model.safetensors"), out / "adapter_model.bin")


def demo_expert():
    torch.manual_seed(40)
    path = GOLDEN.parents[1] / "configs/demo/base"
    base = transformers.T5ForConditionalGeneration.from_pretrained(path)
    base.name_or_path = "configs/demo/base"
    config = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["q"], init_lora_weights=False)
    model = peft.get_peft_model(base, config)
    model.peft_config["default"].base_model_name_or_path = "configs/demo/base"
    model.save_pretrained(OUT / "demo_expert", safe_serialization=False)
    (OUT / "demo_expert" / "README.md").unlink(missing_ok=True)
    factors = torch.load(OUT / "demo_expert" / "adapter_model.bin", weights_only=True)
    save_file({n: w.contiguous() for n, w in factors.items()}, OUT / "demo_expert.safetensors",
              metadata={"format": "pt"})


def make():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "good").mkdir(parents=True)
    (OUT / "refused").mkdir()
    good()
    refused()
    model()
    expert()
    demo_expert()


if __name__ == "__main__":
    make()
