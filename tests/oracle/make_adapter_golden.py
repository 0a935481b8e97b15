"""Writes tests/golden/adapters: one LoRA in configurations that people hold, and its logits by PEFT.

    base/                    a small T5 v1.1
    factors.safetensors      a pair of factors for every linear of it, by PEFT's names
    expected.json
        input, target   token ids; the decoder starts with 0
        cases           {"name", "config": all of adapter_config.json, "logits" [tokens, vocab],
                         "modules": the linears whose factors are in the file}

Which linears a configuration covers is what PEFT covers with it on the T5, or on its encoder alone.
"""

import json
import shutil
import tempfile
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

from reference import lora_layers

RANK = 8  # PEFT's default
SHAPE = dict(vocab_size=23, d_model=8, d_kv=4, num_heads=2, d_ff=10, num_layers=2,
             num_decoder_layers=2, relative_attention_num_buckets=8,
             relative_attention_max_distance=12, decoder_start_token_id=0,
             feed_forward_proj="gated-gelu", tie_word_embeddings=False)
INPUT, TARGET = [5, 9, 22, 3, 7, 1], [6, 2, 11, 1]
PREFIX = "base_model.model."

# Settings of LoraConfig, and what is changed in the file: None takes a key out.
CASES = [
    ("bias on all", dict(target_modules=["q", "v"], bias="all"), {}),
    ("bias on LoRA layers", dict(target_modules=["q", "v"], bias="lora_only"), {}),
    ("fan_in_fan_out", dict(target_modules=["q", "wo"]), dict(fan_in_fan_out=True)),
    ("no r and no alpha", dict(target_modules="all-linear"), dict(r=None, lora_alpha=None)),
    ("rsLoRA without alpha", dict(target_modules=["q"], use_rslora=True), dict(lora_alpha=None)),
    ("look-ahead", dict(target_modules=r"^(?!.*decoder).*\.(q|v)$"), {}),
    ("counted", dict(target_modules=r"encoder\.block\.\d{1,2}\.layer\.0\.SelfAttention\.[qv]"), {}),
    ("any case", dict(target_modules=r"(?i).*selfattention\.q"), {}),
    ("look-behind", dict(target_modules=r".*(?<=Attention)\.[ko]"), {}),
    ("excluded by name", dict(target_modules=["q", "v"], exclude_modules=["SelfAttention.v"]), {}),
    ("excluded by pattern", dict(target_modules=["q", "v"], exclude_modules=r"decoder.*\.1\..*"), {}),
    ("some layers", dict(target_modules=["q", "wi_0"], layers_to_transform=[1]), {}),
    ("some layers of a pattern", dict(target_modules=["q", "wi_0"], layers_to_transform=0,
                                      layers_pattern="block"), {}),
    ("alphas", dict(target_modules=["q", "v", "wo"], lora_alpha=3,
                    alpha_pattern={"EncDecAttention.q": 5, r"encoder.*\.v": 1.5}), {}),
    ("of an older PEFT", dict(target_modules=["q", "v"]),
     dict(merge_weights=False, enable_lora=None, peft_version=None, use_dora=None, corda_config=None)),
    ("of a newer PEFT", dict(target_modules=["q", "v"]),
     dict(peft_version="0.99.0", use_something=False, something_config={}, something=[])),
    ("an encoder's", dict(target_modules=["q", "wi_1"], task_type="FEATURE_EXTRACTION"), {}),
]


def covered(settings, encoder):
    """The configuration as PEFT saves it, and the linears that it covers."""
    model = encoder() if settings["task_type"] == "FEATURE_EXTRACTION" else base()
    model = peft.get_peft_model(model, peft.LoraConfig(**settings))
    modules = sorted(lora_layers(model))
    with tempfile.TemporaryDirectory() as folder:
        model.peft_config["default"].base_model_name_or_path = "golden/adapters"
        model.save_pretrained(folder, save_embedding_layers=False)
        config = json.loads(Path(folder, "adapter_config.json").read_text())
        assert len(load_file(Path(folder, "adapter_model.safetensors"))) == 2 * len(modules)
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()  # PEFT writes a set
    return config, modules


def base():
    torch.manual_seed(31)
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(**SHAPE))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.normal_(0, weight.shape[1] ** -0.5)
    return model.eval()


def encoder():
    return transformers.T5EncoderModel(transformers.T5Config(**SHAPE))


def all_factors():
    torch.manual_seed(32)
    model = peft.get_peft_model(base(), peft.LoraConfig(r=RANK, target_modules="all-linear"))
    return {f"{PREFIX}{name}.lora_{which}.weight": torch.randn(shape) * shape[1] ** -0.5
            for name, layer in lora_layers(model).items()
            for which, shape in (("A", (RANK, layer.in_features)), ("B", (layer.out_features, RANK)))}


def logits(config, tensors):
    with tempfile.TemporaryDirectory() as folder:
        save_file(tensors, Path(folder, "adapter_model.safetensors"), metadata={"format": "pt"})
        Path(folder, "adapter_config.json").write_text(json.dumps(config))
        model = peft.PeftModel.from_pretrained(base(), folder).eval()
    kinds = dict(input_ids=torch.tensor([INPUT]), use_cache=False,
                 decoder_input_ids=torch.tensor([[0] + TARGET[:-1]]))
    with torch.no_grad():
        return model.base_model.model(**kinds).logits[0]


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    base().save_pretrained(path / "base")
    factors = all_factors()
    save_file(factors, path / "factors.safetensors", metadata={"format": "pt"})
    (path / "factors.safetensors").chmod(0o644)
    plain, rows = logits_of_base(), []
    for name, settings, changes in CASES:
        settings = {"task_type": "SEQ_2_SEQ_LM", "r": RANK} | settings
        config, modules = covered(settings, encoder)
        config = {k: v for k, v in (config | changes).items() if k not in changes or changes[k] is not None}
        kept = {key: value for key, value in factors.items()
                if key.removeprefix(PREFIX).rsplit(".lora_", 1)[0] in modules}
        values = logits(config, kept)
        assert (values - plain).abs().max() > 1e-2, name
        rows.append({"name": name, "config": config, "modules": modules,
                     "logits": values.flatten().tolist()})
    return {"input": INPUT, "target": TARGET, "cases": rows}


def logits_of_base():
    with torch.no_grad():
        return base()(input_ids=torch.tensor([INPUT]), use_cache=False,
                      decoder_input_ids=torch.tensor([[0] + TARGET[:-1]])).logits[0]
