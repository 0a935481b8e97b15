"""Writes tests/golden/family: directories of small T5 models as people hold them, and their logits.

    plain.safetensors, gated.safetensors    weights with wi, or wi_0 and wi_1, and an lm_head
    expected.json
        input, target   token ids; the decoder starts with 0
        cases           {"name", "weights": plain or gated, "rename": {name: name or null},
                         "config": all of config.json, "logits" [target tokens, vocab]}

A case is the weights with some tensors renamed or left out (null) beside the config. Each config is
as transformers 5 saved it, but those of transformers 4, which are that with the keys that 4.46.3
writes, taken from directories that it saved. What transformers 5 reads differently from 4 (an mT5
that 4 has tied) is computed as a T5 of transformers 5, whose arithmetic is the same.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

SHAPE = dict(vocab_size=29, d_model=12, d_kv=4, num_heads=2, d_ff=18, num_layers=2,
             num_decoder_layers=1, relative_attention_num_buckets=8,
             relative_attention_max_distance=12, decoder_start_token_id=0)
INPUT, TARGET = [5, 9, 28, 3, 7, 1], [6, 2, 11, 1]
HEAD, SHARED = "lm_head.weight", "shared.weight"
TIED = {HEAD: None}
ONLY = {"encoder": {HEAD: None, SHARED: "encoder.embed_tokens.weight"},
        "decoder": {HEAD: None, SHARED: "decoder.embed_tokens.weight"},
        "head": {HEAD: None, SHARED: HEAD}}
ACTIVATIONS = ["relu", "gelu", "gelu_new", "silu", "sigmoid", "tanh"]


def make_weights(path, projection):
    torch.manual_seed(len(projection))
    config = transformers.T5Config(**SHAPE, feed_forward_proj=projection)
    model = transformers.T5ForConditionalGeneration(config)
    weights = {name: torch.randn(value.shape) * (1 if value.ndim == 1 else value.shape[-1] ** -0.5)
               for name, value in model.state_dict().items() if "embed_tokens" not in name}
    weights[HEAD] = torch.randn(weights[SHARED].shape)
    save_file(weights, path, metadata={"format": "pt"})
    path.chmod(0o644)


def config_of(family, **settings):
    """config.json as save_pretrained of this transformers writes it."""
    config = (transformers.MT5Config if family == "mt5" else transformers.T5Config)(**SHAPE, **settings)
    name = "MT5ForConditionalGeneration" if family == "mt5" else "T5ForConditionalGeneration"
    config.architectures = [name]
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        return json.loads(Path(folder, "config.json").read_text())


def of_version_4(config, tie):
    """What 4.46.3 writes: no scale_decoder_outputs, torch_dtype, tie_word_embeddings where false (of
    an mT5 always)."""
    config = {k: v for k, v in config.items() if k not in ("scale_decoder_outputs", "dtype")}
    del config["tie_word_embeddings"]
    if not tie or config["model_type"] == "mt5":
        config["tie_word_embeddings"] = tie
    return dict(config, torch_dtype="float32", transformers_version="4.46.3")


def cases():
    for name in ACTIVATIONS:
        yield f"{name}", "plain", TIED, config_of("t5", feed_forward_proj=name), None
        yield f"gated-{name}", "gated", {}, config_of("t5", feed_forward_proj=f"gated-{name}",
                                                      tie_word_embeddings=False), None
    differs = config_of("t5", feed_forward_proj="gated-gelu", dense_act_fn="gelu")
    yield "dense_act_fn differs", "gated", {}, differs, None
    for where, rename in ONLY.items():
        yield f"the embedding of the {where} alone", "plain", rename, config_of("t5"), None
    yield "v1.0 of version 4", "plain", TIED, of_version_4(config_of("t5"), True), None
    yield ("v1.1 of version 4", "gated", {},
           of_version_4(config_of("t5", feed_forward_proj="gated-gelu"), False), None)
    yield "mt5", "gated", {}, config_of("mt5"), None
    yield "mt5, tied", "gated", TIED, config_of("mt5"), None
    yield "mt5 of version 4", "gated", {}, of_version_4(config_of("mt5"), False), None
    scaled = config_of("t5", feed_forward_proj="gated-gelu")
    yield "mt5 of version 4, tied", "gated", TIED, of_version_4(config_of("mt5"), True), scaled
    ul2 = of_version_4(config_of("t5", feed_forward_proj="gated-silu"), False)  # as flan-ul2
    yield "flan-ul2", "gated", {}, dict(ul2, output_past=True, n_positions=512), None


def logits(folder, config):
    (folder / "config.json").write_text(json.dumps(config))
    kind = getattr(transformers, "MT5ForConditionalGeneration" if config["model_type"] == "mt5"
                   else "T5ForConditionalGeneration")
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor([INPUT]), use_cache=False,
                     decoder_input_ids=torch.tensor([[0] + TARGET[:-1]])).logits[0]


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    make_weights(path / "plain.safetensors", "relu")
    make_weights(path / "gated.safetensors", "gated-gelu")
    rows = []
    for name, weights, rename, config, computed_as in cases():
        with tempfile.TemporaryDirectory() as folder:
            tensors = {rename.get(key, key): value
                       for key, value in load_file(path / f"{weights}.safetensors").items()}
            tensors.pop(None, None)
            save_file(tensors, Path(folder, "model.safetensors"), metadata={"format": "pt"})
            values = logits(Path(folder), computed_as or config).flatten().tolist()
        rows.append({"name": name, "weights": weights, "rename": rename, "config": config,
                     "logits": values})
    return {"input": INPUT, "target": TARGET, "cases": rows}

