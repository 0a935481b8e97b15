"""Writes tests/golden/generation.json: what generation_config.json files make of the model of
tests/golden/predict (make_predict_golden.py), by generate() of transformers.

    inputs   texts; each runs alone
    cases    {"file": generation_config.json or config.json, "keys": set in it, "max_output": given by
              the user or null, "texts": of what is generated for each input (without the start of the
              decoder), special tokens left out}
"""

import json
import pathlib
import shutil
import tempfile

import torch
import transformers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
MOST = 24
INPUTS = 16


def cases(token):
    """Keys of files; `token` gives the id of a piece, all of which are frequent in the texts."""
    the, a, s, er, o = (token(p) for p in ("▁the", "▁a", "▁s", "er", "▁o"))
    assert 2 not in (the, a, s, er, o)
    rules = [
        dict(min_length=9), dict(min_new_tokens=6), dict(max_length=6),
        dict(max_new_tokens=4, max_length=30), dict(min_length=30, max_length=9),
        dict(forced_bos_token_id=a), dict(forced_eos_token_id=1, max_length=5),
        dict(forced_bos_token_id=s, forced_eos_token_id=[1], max_length=7),
        dict(suppress_tokens=[the, er]), dict(begin_suppress_tokens=[the, a]),
        dict(begin_suppress_tokens=[the, er, o], forced_bos_token_id=a),
        dict(bad_words_ids=[[the], [a, er], [1]]), dict(bad_words_ids=[[the, er], [0, a, o]]),
        dict(no_repeat_ngram_size=1, min_length=12), dict(no_repeat_ngram_size=2, min_length=16),
        dict(no_repeat_ngram_size=3, min_length=20), dict(repetition_penalty=1.7, min_length=10),
        dict(repetition_penalty=0.6), dict(eos_token_id=[1, er, o]),
        dict(eos_token_id=[1, er], min_length=4), dict(decoder_start_token_id=the),
        dict(decoder_start_token_id=the, no_repeat_ngram_size=1, repetition_penalty=1.3),
        dict(repetition_penalty=1.2, no_repeat_ngram_size=2, bad_words_ids=[[a]], min_length=7,
             forced_bos_token_id=the, suppress_tokens=[s]),
    ]
    yield from rules
    yield from (dict(rule, num_beams=3) for rule in rules)
    yield dict(temperature=0.7, top_k=10, top_p=0.9, typical_p=0.3)
    for early in (False, True, "never"):
        for penalty in (-0.7, 0.0, 2.0):
            yield dict(num_beams=4, early_stopping=early, length_penalty=penalty)
    yield dict(num_beams=5, early_stopping=True, no_repeat_ngram_size=3, min_length=12,
               length_penalty=2.0)


@torch.no_grad()
def texts(folder, tokenizer, inputs, max_output):
    model = transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()
    more = {} if max_output is None else {"max_new_tokens": max_output}
    ids = (model.generate(**tokenizer(text, return_tensors="pt"), **more)[0] for text in inputs)
    return [tokenizer.decode(row[1:], skip_special_tokens=True) for row in ids]


def make_case(tokenizer, inputs, file, keys):
    max_output = None if {"max_length", "max_new_tokens"} & keys.keys() else MOST
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(GOLDEN / "predict" / "base", folder, dirs_exist_ok=True)
        if file == "config.json":
            keys_beside = json.loads((folder / file).read_text())
        else:
            keys_beside = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
        (folder / file).write_text(json.dumps(keys_beside | keys))
        return {"file": file, "keys": keys, "max_output": max_output,
                "texts": texts(folder, tokenizer, inputs, max_output)}


def make():
    tokenizer = transformers.T5Tokenizer.from_pretrained(GOLDEN / "tokenizer" / "nfkc")
    scores = json.loads((GOLDEN / "predict" / "expected.json").read_text())["scores"]
    inputs = [row["input"] for row in scores[:INPUTS]]
    token = tokenizer.convert_tokens_to_ids
    rows = [make_case(tokenizer, inputs, "generation_config.json", keys) for keys in cases(token)]
    rows.append(make_case(tokenizer, inputs, "config.json",
                          dict(num_beams=3, no_repeat_ngram_size=2, min_length=10, max_length=14)))
    return {"inputs": inputs, "cases": rows}
