"""Writes tests/golden/tokenizer: a small spiece.model and the ids Hugging Face gives with it.

Which Hugging Face? T5Tokenizer of transformers 5 (on the Rust library), which behaves as "legacy"
did in transformers 4: text after a sentinel starts a new word. For every string below, the slow
T5Tokenizer(legacy=True) and T5TokenizerFast of transformers 4.57.1 were run too and give the same
ids. legacy=False differs after sentinels ("weaver" continues the sentinel instead of starting a
word); no T5, T0 or FLAN checkpoint was trained that way.

More texts, with which the libraries were not compared in version 4, are in odd_texts.py.
"""

import io
import json
import random
import shutil
import string

import sentencepiece
import transformers
from sentencepiece import sentencepiece_model_pb2

SUBJECTS = """the old weaver|a small robot|my neighbour|the river|this machine|an angry goose
the quiet student|our teacher|the black cat|a tired baker|the lighthouse keeper|every gardener
two brothers|nobody in the village|the young doctor|her orchestra""".replace("\n", "|").split("|")
VERBS = """spins|carries|repairs|forgets|remembers|paints|follows|answers|measures|translates|opens
hides|describes|summarises|compares|explains""".replace("\n", "|").split("|")
OBJECTS = """a ball of wool|the broken clock|twelve letters|the long question|a map of the harbour
warm bread|the blue door|an empty notebook|three silver keys|the last sentence|café crème|naïve plans
the premise and the hypothesis|a yellow jacket|64 small boxes""".replace("\n", "|").split("|")
ENDS = """before sunrise|in the rain|without a word|for 25 years|near the station|with great care
on Monday|again and again|because nobody asked|at 7:45|in Zürich|of course|, or so they say
(a rumour)|"by hand"|in the year 1998""".replace("\n", "|").split("|")

TEXTS = [
    "", " ", "   ", "\n", "\t", "the old weaver spins a ball of wool.", "The Old Weaver",
    "THE RIVER", "  the   old weaver  ", "the old\nweaver", "the old\r\nweaver\n", "a\tmap",
    "a\n\n\nmap\n", "a map of the harbour " * 12, "x", "xyzzy", "keyskeyskeys", "nobody.", "...", "!",
    "question: what does the robot measure? answer: 64 boxes", "1998", "3.14159", "a,b;c:d", "-", "—",
    "premise: warm bread hypothesis: (a rumour)", '"by hand"', "it's", "e-mail@example.org",
    "a\\nb", "{\"input\": 1}", "<html>", "<extra_id>", "<extra_id_>", "extra_id_0",
    # Normalisation (NFKC and SentencePiece's own rules), and what no piece covers.
    "café", "cafe\u0301", "Zürich", "Zu\u0308rich", "naïve", "ﬁne", "Ａ１", "½", "①", "…", "x²",
    "a\u00a0map", "a\u3000map", "a\u2003map", "a\u200bmap", "a\u200dmap", "\ufeffa map", "a\u00admap",
    "a\u2028map", "a\u001fmap", "a\u007fmap", "日本語", "日 本", "Привет", "🙂", "a 🙂 b 🙂",
    "\u0301", "\u2581", "a\u2581map", "\u2581a map", "\U00020000", "ｶﾞ", "Å", "A\u030a",
    # Sentinels.
    "<extra_id_0>", " <extra_id_0> ", "the <extra_id_0> spins", "the<extra_id_0>spins",
    "the <extra_id_0>spins", "the<extra_id_0> spins", "<extra_id_0><extra_id_1>",
    "<extra_id_0> <extra_id_1> <extra_id_2>", "the <extra_id_1>. of course", "a  <extra_id_3>  map",
    "<extra_id_99> a", "<extra_id_100> a", "<extra_id_00> a", "<extra_id_0 > a", "< extra_id_0> a",
    "<extra_id_0>\n<extra_id_1>", "weaver<extra_id_0>.", "<extra_id_10><extra_id_1>0>",
    "<extra_id_<extra_id_7>", "<EXTRA_ID_0>", "<extra_id_0> café <extra_id_1> ½",
]

# Texts of an identity-normalised model with five sentinels.
PLAIN_TEXTS = ["the old weaver", "ﬁne ½", "<extra_id_0> of <extra_id_4>", "<extra_id_5> of"]


def sentences():
    rng = random.Random(7)
    made = [f"{s} {v} {rng.choice(OBJECTS)} {rng.choice(ENDS)}." for s in SUBJECTS for v in VERBS]
    asked = [f"question: what does {s} do? answer: {rng.choice(VERBS)}" for s in SUBJECTS]
    return made + asked + [line[0].upper() + line[1:] for line in rng.sample(made, 60)]


def train(path, lines, **options):
    """Writes path/spiece.model, without the paths of this machine."""
    path.mkdir(parents=True)
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=made, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        num_threads=1, minloglevel=2, required_chars=string.ascii_letters + string.digits + string.punctuation, **options)
    model = sentencepiece_model_pb2.ModelProto.FromString(made.getvalue())
    model.normalizer_spec.ClearField("normalization_rule_tsv")
    (path / "spiece.model").write_bytes(model.SerializeToString())


def row(tokenizer, text):
    """Ids with EOS; and the text they decode to, unless unknown pieces make that a matter of taste."""
    ids = tokenizer(text).input_ids
    if tokenizer.unk_token_id in ids:
        return {"text": text, "ids": ids}
    return {"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)}


def truncated(tokenizer, path):
    """A JSONL file and its ids cut to a length, EOS kept."""
    lines = [{"input": "the old weaver spins", "target": "a map"},
             {"input": "a map of the harbour " * 20, "target": "warm bread before sunrise, of course"},
             {"input": "", "target": ""},
             {"input": "<extra_id_0> " * 9, "target": "<extra_id_0> the river <extra_id_1>"}]
    limits = {"input": 9, "target": 4}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = [{key: tokenizer(line[key], max_length=limits[key], truncation=True).input_ids
             for key in limits} for line in lines]
    return {"max_input": limits["input"], "max_target": limits["target"], "rows": rows}


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    train(path / "nfkc", sentences(), vocab_size=220, normalization_rule_name="nmt_nfkc")
    train(path / "identity", sentences(), vocab_size=180, normalization_rule_name="identity")
    (path / "identity" / "tokenizer_config.json").write_text('{"extra_ids": 5}\n')
    nfkc = transformers.T5Tokenizer.from_pretrained(path / "nfkc")
    identity = transformers.T5Tokenizer.from_pretrained(path / "identity")
    expected = {"nfkc": {"size": len(nfkc), "rows": [row(nfkc, text) for text in TEXTS]},
                "identity": {"size": len(identity),
                             "rows": [row(identity, text) for text in PLAIN_TEXTS]},
                "truncated": truncated(nfkc, path / "truncated.jsonl")}
    return expected
