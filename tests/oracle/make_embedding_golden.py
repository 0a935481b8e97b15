"""Writes tests/golden/embeddings: a small T5 in base/, and in expected.json cosines of torch and means
of encoder states.

    cosines  {"a", "b": vectors, "cosine": torch.cosine_similarity(a, b) in f64,
              "dropped": the same without the last coordinate}
    encoder  {"text", "vector"}: the tokens of the text by T5Tokenizer, EOS too, go through the
             encoder of base/; the states of all but EOS are averaged
"""

import json
import shutil

import torch
import transformers

TEXTS = ["the old weaver", "of", "a map of the harbour, the broken clock and the blue door", "  the\n"]


def cosines(rng):
    pairs = [(torch.randn(n, generator=rng) * scale, torch.randn(n, generator=rng))
             for n in (2, 3, 8, 17, 65) for scale in (1e-3, 1, 1e4)]
    pairs += [(a, 3 * a) for a, _ in pairs[-2:]] + [(a, -a) for a, _ in pairs[-2:]]
    tiny, one = torch.tensor([1e-9, 2e-9, 0]), torch.ones(3)
    pairs += [(tiny, tiny), (tiny, one), (torch.zeros(3), one), (torch.zeros(3), torch.zeros(3))]
    def cosine(a, b):
        return torch.cosine_similarity(a.double(), b.double(), dim=0, eps=1e-8).item()
    return [{"a": a.tolist(), "b": b.tolist(), "cosine": cosine(a, b),
             "dropped": cosine(a[:-1], b[:-1])} for a, b in pairs]


def make_base(path):
    """Enough rows for the tokenizer's 180 pieces and 5 sentinels."""
    torch.manual_seed(21)
    config = transformers.T5Config(vocab_size=185, d_model=16, d_kv=6, num_heads=3, d_ff=24,
                                   num_layers=2, num_decoder_layers=1,
                                   feed_forward_proj="gated-gelu", tie_word_embeddings=True,
                                   decoder_start_token_id=0)
    transformers.T5ForConditionalGeneration(config).save_pretrained(path)


def encoder_means(golden):
    base = transformers.T5ForConditionalGeneration.from_pretrained(
        golden / "embeddings" / "base", dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.T5Tokenizer.from_pretrained(golden / "tokenizer" / "identity")
    out = []
    for text in TEXTS:
        ids = tokenizer(text).input_ids
        with torch.no_grad():
            states = base.encoder(input_ids=torch.tensor([ids])).last_hidden_state[0]
        out.append({"text": text, "vector": states[:-1].double().mean(0).tolist()})
    return out


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    make_base(path / "base")
    rng = torch.Generator().manual_seed(20)
    parts = {"cosines": cosines(rng), "encoder": encoder_means(path.parent)}
    lists = (f'"{name}": [\n' + ",\n".join(map(json.dumps, part)) + "]" for name, part in parts.items())
    (path / "expected.json").write_text("{" + ",\n".join(lists) + "}\n")
