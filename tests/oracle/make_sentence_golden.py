"""Writes tests/golden/sentence: small random encoders of sentences and what sentence-transformers makes of texts.

    bert/ f16/      a BertModel as transformers saves it, in F32 and F16, with its vocab.txt
    nomic/          a NomicBertModel as transformers 5 saves it
    contrastors/    the same numbers under the names, and with the configuration, of nomic-bert's own code
    dense/          a Dense of sentence-transformers
    expected.json   {"cases": [{"name", "model", "dense": is dense/ its 2_Dense, "files": {path: JSON},
                     "prompt", "prefix", "dimensions" (null: none), "texts", "ids", "decoded", "vectors"}],
                     "prepared": [[text, text lowered without accents, with accents, words of the former]]}

A case is the directory of its model with `files` beside it. The vectors of contrastors/ are those of nomic/.
"""

import json
import pathlib
import shutil
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer, models
from tokenizers import normalizers, pre_tokenizers

import odd_texts

WIDTH = 16
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *"ABC.,:'!?é世", "the", "map",
          "of", "har", "clock", "query", "##bour", "##s", "##ing", "##e", "##o", "##r", "##k", "##ed", "lock"]
TEXTS = ["the map of the harbour", "Clocks, locks: a map!", "a", "The café isn't [MASK] of 世界, it lockeo",
         "the map of the clock of the map of the harbour of the lock of the map of the clock"]
NONE = {"name": None, "model": "bert", "dense": False, "files": {}, "prompt": None, "prefix": None, "dimensions": None}


def modules(*types):
    """modules.json as versions before 6 wrote it."""
    return [{"idx": i, "name": str(i), "path": f"{i}_{name}" if i else "",
             "type": f"sentence_transformers.models.{name}"} for i, name in enumerate(types)]


def pooling(*modes, **more):
    names = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    return {"word_embedding_dimension": WIDTH, **{f"pooling_mode_{n}": n in modes for n in names}, **more}


def old(*modes, steps=(), **more):
    return {"modules.json": modules("Transformer", "Pooling", *steps), "1_Pooling/config.json": pooling(*modes, **more)}


def cases():
    limits = {"sentence_bert_config.json": {"max_seq_length": 9, "do_lower_case": False}}
    lower = {"sentence_bert_config.json": {"max_seq_length": 40, "do_lower_case": True},
             "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False}}
    prompts = {"config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "the "},
                                                     "default_prompt_name": "document"}}
    yield dict(name="without modules.json")
    for mode in ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"):
        yield dict(name=mode, files=old(mode))
    yield dict(name="several", files=old("cls_token", "max_tokens", "mean_tokens"))
    yield dict(name="none said", files=old())
    yield dict(name="new spelling", files={
        "modules.json": [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.{name}"}
                         for i, (path, name) in enumerate([
                             ("", "base.modules.transformer.Transformer"),
                             ("1_Pooling", "sentence_transformer.modules.pooling.Pooling"),
                             ("2_Normalize", "base.modules.normalize.Normalize")])],
        "1_Pooling/config.json": {"embedding_dimension": WIDTH, "pooling_mode": ["mean", "cls"], "include_prompt": True},
        "2_Normalize/config.json": {"module_input_name": "sentence_embedding"}})
    yield dict(name="normalised and cut", files=old("mean_tokens", steps=["Normalize"]), dimensions=5)
    yield dict(name="dense", dense=True, files=old("mean_tokens", steps=["Dense", "Normalize"]))
    yield dict(name="short", files={**old("mean_tokens"), **limits})
    yield dict(name="lower case", files={**old("cls_token"), **lower})
    yield dict(name="default prompt", files={**old("mean_tokens"), **prompts})
    yield dict(name="prompt", files={**old("mean_tokens"), **prompts}, prompt="query")
    yield dict(name="prompt left out", files={**old("mean_tokens", "weightedmean_tokens", "cls_token",
                                                    include_prompt=False), **prompts}, prompt="query")
    yield dict(name="prefix", files=old("mean_tokens"), prefix="query: ")
    yield dict(name="half precision", model="f16", files=old("mean_tokens"))
    yield dict(name="nomic", model="nomic", files=old("mean_tokens", steps=["Normalize"]), prefix="query: ")
    yield dict(name="nomic resized", model="nomic", files=old("mean_tokens"), prefix="query: ", dimensions=6)


def randomise(model, seed):
    rng = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        norm = "norm" in name.lower()
        weight.data = torch.randn(weight.shape, generator=rng) * (0.2 if norm else 0.4)
        if norm and name.endswith("weight"):
            weight.data += 1
    return model.eval()


def write_vocabulary(path):
    (path / "vocab.txt").write_text("".join(piece + "\n" for piece in PIECES))
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}))


def make_bert(path):
    config = transformers.BertConfig(vocab_size=len(PIECES) + 3, hidden_size=WIDTH, num_hidden_layers=2, hidden_act="gelu",
                                     num_attention_heads=2, intermediate_size=20, max_position_embeddings=48)
    model = randomise(transformers.BertModel(config), 31)
    model.save_pretrained(path / "bert")
    model.half().save_pretrained(path / "f16")
    for name in ("bert", "f16"):
        write_vocabulary(path / name)


# Names of nomic-bert's own code for those of transformers (conversion_mapping.py has them the other way).
NAMES = [("embeddings.LayerNorm", "emb_ln"), ("self_attn.o_proj", "attn.out_proj"), ("mlp.up_proj", "mlp.fc11"),
         ("mlp.gate_proj", "mlp.fc12"), ("mlp.down_proj", "mlp.fc2"), ("post_attention_layernorm", "norm1"),
         ("post_mlp_layernorm", "norm2")]


def contrastors_tensors(state):
    out = {}
    for name, tensor in state.items():
        for new, own in NAMES:
            name = name.replace(new, own)
        name = "encoder." + name if name.startswith("layers.") else name
        if "self_attn" not in name and "position_ids" not in name and "pooler" not in name:
            out[name] = tensor
    for i in range(2):
        qkv = [state[f"layers.{i}.self_attn.{part}_proj.weight"] for part in "qkv"]
        out[f"encoder.layers.{i}.attn.Wqkv.weight"] = torch.cat(qkv)
    return {name: tensor.contiguous() for name, tensor in out.items()}


def make_nomic(path):
    config = transformers.NomicBertConfig(vocab_size=len(PIECES) + 3, hidden_size=WIDTH, num_hidden_layers=2,
                                          num_attention_heads=2, intermediate_size=20, max_position_embeddings=48)
    model = randomise(transformers.NomicBertModel(config), 32)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    (path / "nomic").mkdir()
    save_file(state, path / "nomic" / "model.safetensors", {"format": "pt"})
    config.architectures = ["NomicBertModel"]
    config.save_pretrained(path / "nomic")
    (path / "contrastors").mkdir()
    save_file(contrastors_tensors(state), path / "contrastors" / "model.safetensors", {"format": "pt"})
    own = {"model_type": "nomic_bert", "activation_function": "swiglu", "n_embd": WIDTH, "n_head": 2, "n_layer": 2,
           "n_inner": 20, "n_positions": 48, "layer_norm_epsilon": 1e-12, "prenorm": False, "causal": False,
           "qkv_proj_bias": False, "mlp_fc1_bias": False, "mlp_fc2_bias": False, "rotary_emb_base": 1000,
           "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False, "rotary_emb_scale_base": None,
           "rotary_scaling_factor": None, "type_vocab_size": 2, "vocab_size": len(PIECES) + 3, "use_rms_norm": False}
    (path / "contrastors" / "config.json").write_text(json.dumps(own, indent=1) + "\n")
    for name in ("nomic", "contrastors"):
        write_vocabulary(path / name)


def make_dense(path):
    torch.manual_seed(33)
    (path / "dense").mkdir()
    models.Dense(WIDTH, 6).save(str(path / "dense"))


def assemble(golden, case, folder):
    shutil.copytree(golden / case["model"], folder)
    if case["dense"]:
        shutil.copytree(golden / "dense", folder / "2_Dense")
    for name, value in case["files"].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value))


def resized(vectors, dimensions):
    """The model card's way to fewer dimensions."""
    vectors = torch.nn.functional.layer_norm(vectors, vectors.shape[1:])[:, :dimensions]
    return torch.nn.functional.normalize(vectors, dim=1)


def expect(golden, case):
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top) / "model"
        assemble(golden, case, folder)
        resize = case["model"] == "nomic" and case["dimensions"]
        encoder = SentenceTransformer(str(folder), device="cpu", truncate_dim=None if resize else case["dimensions"],
                                      model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"})
        vectors = [encoder.encode(text, prompt_name=case["prompt"], prompt=case["prefix"], convert_to_tensor=True)
                   for text in TEXTS]
        prompts = encoder.prompts
        prefix = case["prefix"] or prompts.get(case["prompt"] or encoder.default_prompt_name or "", "")
        ids = encoder.tokenizer([prefix + text for text in TEXTS], truncation=True)["input_ids"]
        decoded = [encoder.tokenizer.backend_tokenizer.decode(row) for row in ids]
    vectors = torch.stack(vectors)
    if resize:
        vectors = resized(vectors, case["dimensions"])
    return {**case, "texts": TEXTS, "ids": ids, "decoded": decoded, "vectors": vectors.tolist()}


def prepared():
    texts = [text for text in odd_texts.rows() if "\0" not in text][::9]
    plain = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    kept = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=True)
    cut = pre_tokenizers.BertPreTokenizer()
    for text in texts:
        lowered = plain.normalize_str(text)
        yield [text, lowered, kept.normalize_str(text), [word for word, _ in cut.pre_tokenize_str(lowered)]]


def make(golden):
    shutil.rmtree(golden, ignore_errors=True)
    golden.mkdir(parents=True)
    make_bert(golden)
    make_nomic(golden)
    make_dense(golden)
    rows = [json.dumps(expect(golden, {**NONE, **case})) for case in cases()]
    words = [json.dumps(row) for row in prepared()]
    (golden / "expected.json").write_text('{"cases": [\n' + ",\n".join(rows) + '],\n"prepared": [\n'
                                          + ",\n".join(words) + "]}\n")


if __name__ == "__main__":
    make(pathlib.Path(__file__).resolve().parents[1] / "golden" / "sentence")
