"""Golden scores of the text metrics, from the packages that define them.

    python tests/oracle/metrics.py --evaluate DIR --nmt DIR

DIR: clones of huggingface/evaluate (metrics/squad, metrics/bleu/tokenizer_13a) and of tensorflow/nmt
(scripts/bleu), whose scripts evaluate runs. ROUGE comes from the package rouge-score. Writes
tests/golden/metrics.json: {"cases": [{"prediction", "targets", "scores": {metric: percent}}],
"corpus": {"bleu": percent of all cases together}}.
"""
import argparse
import importlib.util
import json
import pathlib
import random

from rouge_score import rouge_scorer

CASES = [
    ("the cat sat on the mat", ["the cat sat on the mat"]),
    ("The Cat  sat!", ["the cat sat", "a cat, sat"]),
    ("An apple a day", ["apple day", "theatre"]),
    ("theatre and another", ["the atre and an other"]),
    ("", ["something"]),
    ("something", [""]),
    ("", [""]),
    ("a", ["the"]),
    ("the", ["an"]),
    ("42", ["42", "forty-two"]),
    ("1,000.50 dollars, or 1-2 days.", ["1,000.50 dollars or 1 - 2 days ."]),
    ("It's 3.14, isn't it?", ["It is 3.14, is it not?"]),
    ("Caf\u00e9 \u00c9TUDE na\u00efve", ["caf\u00e9 \u00e9tude naive"]),
    ("\u00abthe\u00bb quoted \u201cthe\u201d word", ["quoted word"]),
    ("non\u00a0breaking\u2003space", ["non breaking space"]),
    ("\u041c\u043e\u0441\u043a\u0432\u0430 the city", ["\u043c\u043e\u0441\u043a\u0432\u0430 city"]),
    ("the_end an-the a_b", ["theend anthe ab"]),
    ("&lt;b&gt; &amp; &quot;x&quot; <skipped> hyphen-\nated", ["<b> & \"x\" hyphenated"]),
    ("a..b,,c .5 5. ,x x, 7-8 9- -9", ["a . . b , , c .5 5 . , x x , 7 - 8 9 - -9"]),
    ("{[(a+b)*c]/d}=e~f`g^h_i|j\\k", ["{ [ ( a + b ) * c ] / d } = e ~ f ` g ^ h _ i | j \\ k"]),
    ("first line here\nsecond line there", ["second line there\nfirst line here"]),
    ("one two three\nfour five\n\nsix", ["six five four\none three two", "one two three four five six"]),
    ("x y z x y z x y z", ["x y z", "z y x z y x z y x"]),
    ("a b c d e f g h", ["a c e g b d f h\na b e f", "h g f e d c b a"]),
]


def generated(count):
    draw = random.Random(7)
    words = "red blue the a an fox dog runs, sleeps. over 12 3.5 under-way \u00e4pfel \u2014 And\nthen".split(" ")
    for _ in range(count):
        target = [draw.choice(words) for _ in range(draw.randint(4, 14))]
        prediction = [w if draw.random() < 0.8 else draw.choice(words) for w in target]
        if draw.random() < 0.5:
            at = draw.randrange(len(prediction))
            prediction = prediction[at:] + prediction[:at]
        other = [w for w in target if draw.random() < 0.8] or target
        yield " ".join(prediction), [" ".join(target), " ".join(other)][: draw.randint(1, 2)]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bleu(nmt, tokenize, pairs):
    references = [[tokenize(t) for t in targets] for _, targets in pairs]
    try:
        return 100 * nmt.compute_bleu(references, [tokenize(p) for p, _ in pairs])[0]
    except ZeroDivisionError:  # an empty prediction or reference
        return 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluate", required=True, type=pathlib.Path)
    parser.add_argument("--nmt", required=True, type=pathlib.Path)
    args = parser.parse_args()
    squad = load(args.evaluate / "metrics/squad/compute_score.py")
    tokenize = load(args.evaluate / "metrics/bleu/tokenizer_13a.py").Tokenizer13a()
    nmt = load(args.nmt / "nmt/scripts/bleu.py")
    kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    rouge = rouge_scorer.RougeScorer(kinds, use_stemmer=False)
    pairs = CASES + list(generated(60))
    cases = []
    for prediction, targets in pairs:
        best = rouge.score_multi(targets, prediction)
        scores = {kind: 100 * best[kind].fmeasure for kind in kinds}
        scores["squad_em"] = 100.0 * max(squad.exact_match_score(prediction, t) for t in targets)
        scores["squad_f1"] = 100.0 * max(squad.f1_score(prediction, t) for t in targets)
        scores["bleu"] = bleu(nmt, tokenize, [(prediction, targets)])
        cases.append({"prediction": prediction, "targets": targets, "scores": scores})
    whole = {"cases": cases, "corpus": {"bleu": bleu(nmt, tokenize, pairs)}}
    out = pathlib.Path(__file__).parent.parent / "golden" / "metrics.json"
    out.write_text(json.dumps(whole, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
