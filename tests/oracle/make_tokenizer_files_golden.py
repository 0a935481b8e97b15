"""Writes tests/golden/tokenizer_files: a small vocabulary in the files that people have it in, each
with the ids, pieces and texts that transformers 5 or the library `tokenizers` gives.

  DIRECTORY  FILES                                                READ BY
  spiece     spiece.model                                         T5Tokenizer
  json       tokenizer.json as transformers 5 saves it            T5Tokenizer, tokenizers
  first      as transformers 4 wrote it of `legacy: false`        tokenizers
  lower      steps that T5 does not have; cleans up spaces        tokenizers
  decoder    spiece.model, added_tokens_decoder                   T5Tokenizer
  plain      spiece.model, added_tokens.json, special_tokens_map  T5Tokenizer
  saved      tokenizer.json with tokens added by transformers 5   T5Tokenizer, tokenizers
  mt5        sentinels and bytes among the pieces, `extra_ids: 0` T5Tokenizer
"""

import json
import random
import shutil

import odd_texts
import transformers
from make_tokenizer_golden import sentences, train
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors)

# What the rules of this vocabulary's normaliser replace: a few of each kind that NFKC has.
RULES = {"\t": " ", "\n": " ", "\r": " ", "\xa0": " ", "\u3000": " ", "\u200b": " ", "\ufeff": " ", "\u2581": " ",
         "\x07": "", "\xad": "", "e\u0301": "é", "e\u0302": "ê", "e\u0302\u0301": "ế", "n\u0303": "ñ", "u\u0308": "ü",
         "ﬁ": "fi", "½": "1⁄2", "①": "1", "Ａ": "A", "ｶ": "カ", "ﾞ": "\u3099", "ｶﾞ": "ガ", "\u1100\u1161": "가",
         "ﷺ": "صلى الله عليه وسلم", "\u0958": "\u0915\u093c", "\u212b": "Å", "🙂": ":)"}

WITH_TOKENS = [
    "", "the old weaver", "foo", "the foo map", "thefoomap", "foofoo", " foo ", "a  foo  b", "foo, foo.", "FOO foo",
    "left", "the  left map", "theleft map", "right", "the right  map", "the right\tleft  map", "both", "a \n both \n b",
    "both both", "both  both both", "word", "a word.", "wordy", "sword", "the word", "éword", "word\u0301", "_word_",
    "café", "cafe\u0301", "the cafe\u0301 map", "ＡＢ", "AB", "aＡＢb", "new\nline", "a\nb", "a\n\nb", "«x»", "««»»", "{x}",
    "<sep>", "a<sep>b", "a <sep> b", "<extra_id_0> foo <extra_id_1>", "<extra_id_0>foo", "</s> foo <pad>", "fo", "foob",
    "\ufefffoo", "\x07foo", "foo\x07", "ﷺ foo", "left right", "right left", "right  left", "leftright", "rightleft",
]


def charsmap(path):
    return sentencepiece_model_pb2.ModelProto.FromString(path.read_bytes()).normalizer_spec.precompiled_charsmap


def make_spiece(root):
    rules = root / "rules.tsv"
    codes = {old: (" ".join(f"{ord(c):X}" for c in text) for text in (old, new)) for old, new in RULES.items()}
    rules.write_text("".join("\t".join(row) + "\n" for row in codes.values()))
    train(root / "spiece", list(sentences()) + ["kéê ñü :) 1⁄2 فص"] * 3, vocab_size=200, character_coverage=1.0,
          normalization_rule_tsv=str(rules))
    rules.unlink()


def write(path, name, value):
    path.mkdir(exist_ok=True)
    (path / name).write_text(json.dumps(value, ensure_ascii=False) + "\n")


def flags(content, **given):
    plain = {"special": False, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
    return {"content": content, **plain, **given}


ADDED = [flags("foo"), flags("left", lstrip=True), flags("right", rstrip=True), flags("both", lstrip=True, rstrip=True),
         flags("word", single_word=True), flags("cafe\u0301", normalized=True), flags("ＡＢ", normalized=True),
         flags("«", special=True), flags("»", special=True)]


def copy_spiece(root, name):
    (root / name).mkdir()
    shutil.copy(root / "spiece" / "spiece.model", root / name)
    return root / name


def make_saved(root):
    """Directories that transformers 5 saves."""
    loaded = transformers.T5Tokenizer.from_pretrained(root / "spiece")
    loaded.save_pretrained(root / "json")
    loaded.add_tokens([AddedToken(**token) for token in ADDED])
    loaded.save_pretrained(root / "saved")


def make_decoder(root):
    path = copy_spiece(root, "decoder")
    size = len(transformers.T5Tokenizer.from_pretrained(path))
    tokens = {str(size + i): token for i, token in enumerate(ADDED)}
    tokens[str(size - 1)] = flags("<extra_id_0>", special=True, lstrip=True, rstrip=True)
    write(path, "tokenizer_config.json", {"added_tokens_decoder": tokens, "tokenizer_class": "T5Tokenizer"})


def make_plain(root):
    path = copy_spiece(root, "plain")
    size = len(transformers.T5Tokenizer.from_pretrained(path))
    write(path, "added_tokens.json", {"foo": size, "word": size + 1, "\n": size + 2, "<sep>": size + 3})
    write(path, "special_tokens_map.json", {"eos_token": "</s>", "sep_token": "<sep>", "unk_token": "<unk>"})


def make_mt5(root):
    path = copy_spiece(root, "mt5")
    model = sentencepiece_model_pb2.ModelProto.FromString((path / "spiece.model").read_bytes())
    model.trainer_spec.byte_fallback = True
    for name, kind in [(f"<0x{byte:02X}>", 6) for byte in range(256)] + [(f"<extra_id_{i}>", 4) for i in range(99, -1, -1)]:
        piece = model.pieces.add()
        piece.piece, piece.type, piece.score = name, kind, 0.0
    (path / "spiece.model").write_bytes(model.SerializeToString())
    write(path, "tokenizer_config.json", {"extra_ids": 0})


def assemble(root, name, normalizer, space, config):
    """A tokenizer.json of parts, around the vocabulary of `json`."""
    source = json.loads((root / "json" / "tokenizer.json").read_text())
    made = Tokenizer(models.Unigram([tuple(row) for row in source["model"]["vocab"]], unk_id=2, byte_fallback=False))
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.Metaspace(**space)
    made.decoder = decoders.Metaspace(**space)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    made.add_special_tokens([row["content"] for row in source["added_tokens"]])
    made.add_tokens([AddedToken(**token) for token in ADDED])
    (root / name).mkdir()
    made.save(str(root / name / "tokenizer.json"), pretty=False)
    write(root / name, "tokenizer_config.json", config)


def make_assembled(root):
    rules = normalizers.Precompiled(charsmap(root / "spiece" / "spiece.model"))
    four = normalizers.Sequence([rules, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    assemble(root, "first", four, {"replacement": "▁", "prepend_scheme": "first", "split": True}, {})
    steps = [normalizers.Lowercase(), normalizers.Replace("weaver", "robot"), normalizers.Strip(), normalizers.Prepend("▁")]
    space = {"replacement": "▁", "prepend_scheme": "never", "split": False}
    assemble(root, "lower", normalizers.Sequence(steps), space, {"clean_up_tokenization_spaces": True})


def encode_by_transformers(path):
    loaded = transformers.T5Tokenizer.from_pretrained(path)
    return (len(loaded), lambda text: loaded(text).input_ids, loaded.convert_ids_to_tokens,
            lambda ids: loaded.decode(ids, skip_special_tokens=True))


def encode_by_tokenizers(path):
    loaded = Tokenizer.from_file(str(path / "tokenizer.json"))
    clean = json.loads((path / "tokenizer_config.json").read_text()).get("clean_up_tokenization_spaces")

    def decode(ids):
        text = loaded.decode(ids, skip_special_tokens=True)
        return transformers.T5Tokenizer.clean_up_tokenization(None, text) if clean else text

    return (loaded.get_vocab_size(), lambda text: loaded.encode(text).ids,
            lambda ids: [loaded.id_to_token(i) for i in ids], decode)


def rows(path, texts, libraries):
    """What the libraries agree on."""
    size, encode, show, decode = libraries[0](path)
    found = []
    for text in texts:
        ids = encode(text)
        found.append({"ids": ids, "pieces": show(ids), "decoded": decode(ids)})
    for library in libraries[1:]:
        size_too, encode, show, decode = library(path)
        assert size == size_too
        for text, row in zip(texts, found):
            assert row == {"ids": encode(text), "pieces": show(row["ids"]), "decoded": decode(row["ids"])}, text
    return {"size": size, "ids": [row["ids"] for row in found], "decoded": [row["decoded"] for row in found],
            "pieces": [row["pieces"] for row in found if texts is WITH_TOKENS]}


def decoded(path, library):
    """Ids as a model may generate them, beyond the vocabulary too, and their texts."""
    size, _, _, decode = library(path)
    rng = random.Random(11)
    found = []
    for length in range(40):
        ids = [rng.randrange(size + 3) if rng.random() < 0.8 else rng.choice([0, 1, 2, 3]) for _ in range(length % 14)]
        found.append({"ids": ids, "text": decode(ids)})
    return found


def make(root):
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    make_spiece(root)
    make_saved(root)
    make_decoder(root)
    make_plain(root)
    make_mt5(root)
    make_assembled(root)
    odd, five, library = odd_texts.texts(), encode_by_transformers, encode_by_tokenizers
    many = {"../tokenizer/nfkc": [five], "spiece": [five], "json": [five, library], "first": [library], "lower": [library]}
    few = {"decoder": [five], "plain": [five], "saved": [five, library], "mt5": [five], "first": [library], "lower": [library]}
    return {"odd": {"texts": odd, "rows": {name: rows(root / name, odd, with_) for name, with_ in many.items()}},
            "added": {"texts": WITH_TOKENS,
                      "rows": {name: rows(root / name, WITH_TOKENS, with_) for name, with_ in few.items()}},
            "decoded": {name: decoded(root / name, with_[0]) for name, with_ in {**many, **few}.items()}}
