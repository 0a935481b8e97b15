"""Writes tests/golden/predict: a T5 of some thousand weights, and what transformers says with it.

    python tests/oracle/make_predict_golden.py          (versions: requirements.txt beside this file)

    base/           Hugging Face T5 directory without a tokenizer; that of tokenizer/nfkc is used
    expected.json   "scores": inputs with choices and, per choice, the sum of the log-likelihoods of
                    its tokens and their number, EOS counted
                    "texts": settings of generate() and the texts it gives, special tokens left out

The model is trained for a minute, so that its distributions are peaked like those of a real one and
texts end where they should; some of its texts are wrong, which does not matter. Every input runs
alone, so that transformers pads nothing.
"""

import json
import pathlib
import random
import shutil

import torch
import transformers
from make_tokenizer_golden import ENDS, OBJECTS, SUBJECTS, VERBS

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
SHAPE = dict(vocab_size=320, d_model=32, d_kv=8, num_heads=3, d_ff=48, num_layers=2,
             num_decoder_layers=2, relative_attention_num_buckets=8,
             relative_attention_max_distance=20, feed_forward_proj="gated-gelu")
STEPS, BATCH = 700, 48
INPUTS = 36
SETTINGS = [dict(beams=1, length_penalty=1.0, max_output=24),
            dict(beams=1, length_penalty=1.0, max_output=5),
            dict(beams=4, length_penalty=1.0, max_output=24),
            dict(beams=4, length_penalty=1.0, max_output=5),
            dict(beams=4, length_penalty=0.0, max_output=24),
            dict(beams=3, length_penalty=2.0, max_output=24),
            dict(beams=2, length_penalty=-0.5, max_output=12),
            dict(beams=7, length_penalty=0.6, max_output=16)]


def example(rng):
    subject, verb, thing, end = (rng.choice(words) for words in (SUBJECTS, VERBS, OBJECTS, ENDS))
    text = f"{subject} {verb} {thing} {end}."
    asked, answer = rng.choice([("what?", thing), ("who?", subject), ("when or how?", end),
                                ("who does what?", f"{subject} {verb} {thing}"), ("does what?", verb)])
    return f"{text} {asked}", answer


def train(tokenizer, rng):
    torch.manual_seed(3)
    config = transformers.T5Config(**SHAPE, decoder_start_token_id=0, tie_word_embeddings=False)
    model = transformers.T5ForConditionalGeneration(config)
    rule = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.0)
    for step in range(STEPS):
        inputs, targets = zip(*(example(rng) for _ in range(BATCH)))
        x = tokenizer(list(inputs), padding=True, return_tensors="pt")
        y = tokenizer(list(targets), padding=True, return_tensors="pt").input_ids
        loss = model(input_ids=x.input_ids, attention_mask=x.attention_mask,
                     labels=y.masked_fill(y == tokenizer.pad_token_id, -100)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        rule.step()
        rule.zero_grad()
    print(f"loss {loss.item():.3f}")
    return model.eval()


@torch.no_grad()
def score(model, tokenizer, text, choices):
    """Sum of the log-likelihoods of the tokens of each choice, and their number."""
    rows = []
    for choice in choices:
        ids = tokenizer(choice, return_tensors="pt").input_ids
        logits = model(input_ids=tokenizer(text, return_tensors="pt").input_ids, labels=ids).logits
        each = torch.log_softmax(logits.double(), -1).gather(-1, ids[..., None])
        rows.append({"choice": choice, "loglik": each.sum().item(), "tokens": ids.shape[1]})
    return {"input": text, "choices": rows}


@torch.no_grad()
def generate(model, tokenizer, text, beams, length_penalty, max_output):
    more = dict(early_stopping=False, length_penalty=length_penalty) if beams > 1 else {}
    ids = model.generate(**tokenizer(text, return_tensors="pt"), num_beams=beams, do_sample=False,
                         max_new_tokens=max_output, **more)
    return tokenizer.decode(ids[0], skip_special_tokens=True)


def main():
    out = GOLDEN / "predict"
    shutil.rmtree(out, ignore_errors=True)
    tokenizer = transformers.T5Tokenizer.from_pretrained(GOLDEN / "tokenizer" / "nfkc")
    model = train(tokenizer, random.Random(1))
    model.save_pretrained(out / "base")
    (out / "base" / "generation_config.json").unlink()
    rng = random.Random(2)
    inputs = [example(rng)[0] for _ in range(INPUTS - 3)] + ["", "café ½", "the river " * 9]
    choices = [[rng.choice(OBJECTS), rng.choice(VERBS), example(rng)[1], ""][:2 + i % 3]
               for i in range(INPUTS)]
    expected = {
        "scores": [score(model, tokenizer, text, each) for text, each in zip(inputs, choices)],
        "texts": [dict(how, texts=[generate(model, tokenizer, text, **how) for text in inputs])
                  for how in SETTINGS]}
    (out / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    main()
