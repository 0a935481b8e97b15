"""The rows against programs that others wrote: CTranslate2, which has no routing, and PEFT's Arrow."""

import json

from agreement import LIKELIHOODS_THAT_AGREE, TOLERANCE, all_apart, scores_agree, texts_agree
from bench import GIB
from rows import pair, result
from texts import Text, read_lines

TEXTS = 16
F32 = 4  # bytes
ROUNDINGS = 4  # of a logit, within which two are equally likely
EXPERTS_THAT_AGREE = 0.99


# ---- why texts differ ----

def referee(bench, shape, file, sides):
    """What PyTorch says of the texts that the sides do not share: [{side: verdict}]."""
    outputs = {side.name: side.answers[-1]["output"] for side in sides}
    ids = {side.name: side.answers[-1]["ids"] for side in sides if "ids" in side.answers[-1]}
    lines = [{"input": line["input"], "texts": {name: texts[i] for name, texts in outputs.items()},
              "ids": {name: all_ids[i] for name, all_ids in ids.items()}}
             for i, line in enumerate(read_lines(file)) if len({texts[i] for texts in outputs.values()}) > 1]
    asked = bench.log / "differing.jsonl"
    asked.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answer = bench.answer(bench.python(
        "referee.py", "--base", bench.parts.base(shape), "--input", asked,
        "--max-output", bench.arguments.max_output, "--threads", bench.threads))
    return [json.loads(line) for line in answer.splitlines()]


def explained(verdicts):
    """Whether all that differs are choices between tokens that rounding makes equal, and in words."""
    words, good = [], True
    for verdict in verdicts:
        for side, v in verdict.items():
            if v["step"] is None:
                continue
            good = good and v["gap"] <= ROUNDINGS * v["rounding"]
            words.append(f"{side} leaves PyTorch's at token {v['step']}, where the logits of both are "
                         f"{v['gap']:.0e} apart and rounding moves logits by {v['rounding']:.0e}")
    return good, "; ".join(words)


def same_texts(bench, shape, file, one, other):
    """Texts that differ are right, too, where PyTorch finds two tokens equally likely."""
    good, words = texts_agree(one, other)
    if one.answers[-1]["output"] == other.answers[-1]["output"]:
        return good, words
    fine, why = explained(referee(bench, shape, file, (one, other)))
    return fine, f"{words}; {why}"


# ---- what a step of decoding reads ----

def config(bench, shape):
    return json.loads((bench.parts.base(shape) / "config.json").read_text())


def decoder_bytes(c):
    """Weights that every step reads; keys and values of the cross-attention are made before."""
    d, inner, wide = c["d_model"], c["num_heads"] * c["d_kv"], 2 if c["is_gated_act"] else 1
    block = (4 + 2) * d * inner + (wide + 1) * d * c["d_ff"]
    return F32 * (c["num_decoder_layers"] * block + c["vocab_size"] * d)


def cache_bytes(c, inputs, outputs):
    """Keys and values that all steps behind the first one read, of all texts together."""
    positions = sum(sum(n + t + 1 for t in range(1, m)) for n, m in zip(inputs, outputs, strict=True))
    return F32 * c["num_decoder_layers"] * 2 * c["num_heads"] * c["d_kv"] * positions


def bandwidth(bench):
    return bench.once("bandwidth", lambda: float(bench.answer(bench.python("bandwidth.py", bench.threads))))


def reading(bench, shape, file, batch, outputs, decoding):
    """What steps read, and the rate of it, in words; decoding: {side: seconds behind the first step}."""
    c, text = config(bench, shape), Text(bench.parts.base(shape))
    inputs = [len(text.ids(line["input"])) for line in read_lines(file)]
    steps = sum(outputs) - len(outputs) if batch == 1 else max(outputs) - 1
    if steps < 1:
        return "no step behind the first"
    weights, cache = decoder_bytes(c), cache_bytes(c, inputs, outputs) / steps
    rates = ", ".join(f"{name} {(weights + cache) * steps / seconds / 1e9:.1f} GB/s"
                      for name, seconds in decoding.items() if seconds > 0)
    return (f"a step reads {weights / 1e6:.0f} MB of weights and {cache / 1e6:.1f} MB of keys and values: "
            f"{rates}; a sum over 1 GB {bandwidth(bench) / 1e9:.1f} GB/s")


# ---- rows against CTranslate2 ----

def generating(bench, shape, file, batch, most):
    """{side: command} of both f32 sides, `batch` texts at a time."""
    room = TEXTS * (512 + most) if batch > 1 else 1
    return {"skein": [*bench.skein_items(["bench", "generate"], shape, 0, file), "--max-output", most,
                      "--batch-tokens", room],
            "ct2": bench.ct2("generate", shape, file, "--max-output", most, "--batch", batch)}


def generation(bench, shape, batch):
    """Both from the start, then to the first token only: what is between is decoding."""
    shape, file = bench.shape(shape), bench.parts.head(bench.parts.examples(), TEXTS)
    most = bench.arguments.max_output
    commands = generating(bench, shape, file, batch, most)
    sides = bench.alternate(commands | {"ct2-int8": [*commands["ct2"], "--type", "int8"]})
    first = bench.alternate({f"{name}-first": command for name, command in
                             generating(bench, shape, file, batch, 1).items()})
    one, other, small = sides["skein"], sides["ct2"], sides["ct2-int8"]
    tokens, outputs = other.answers[-1]["target_tokens"], other.answers[-1]["lengths"]
    read = reading(bench, shape, file, batch, outputs,
                   {name: sides[name].seconds - first[f"{name}-first"].seconds for name in commands})
    good, words = same_texts(bench, shape, file, one, other)
    what = f"plain greedy generation, batch {batch}, tokens/s"
    yield result(what, shape, other.seconds / one.seconds, 1.2, agree=(good, f"{words}; {read}"),
                 **pair(one, other, tokens, "CTranslate2"))
    yield result(f"{what}, against int8", shape, small.seconds / one.seconds, None,
                 agree=(True, texts_agree(one, small)[1]), **pair(one, small, tokens, "CTranslate2 int8"))


def beams(bench):
    """skein's search is that of transformers; CTranslate2's ends by rules of its own."""
    shape, file = bench.shape("t5-small"), bench.parts.head(bench.parts.examples(), TEXTS)
    most, width = bench.arguments.max_output, 4
    more = ("--max-output", most, "--beams", width)
    sides = bench.alternate({
        "skein": [*bench.skein_items(["bench", "generate"], shape, 0, file), *more,
                  "--batch-tokens", TEXTS * (512 + width * most)],
        "torch": bench.torch("generate", shape, file, "--batch", TEXTS, *more),
        "ct2": bench.ct2("generate", shape, file, "--batch", TEXTS, *more)})
    one, tokens = sides["skein"], sides["torch"].answers[-1]["target_tokens"]
    for name, peer in (("torch", "PyTorch"), ("ct2", "CTranslate2")):
        other = sides[name]
        good, words = texts_agree(one, other)
        yield result(f"plain generation, {width} beams, batch {TEXTS}", shape, other.seconds / one.seconds,
                     None, agree=(good or name == "ct2", words),
                     **pair(one, other, tokens, peer)
                     | {"skein": f"{one.seconds:.2f} s, {one.peak / GIB:.2f} GiB",
                        "other": f"{other.seconds:.2f} s, {other.peak / GIB:.2f} GiB"})


def scoring(bench, choices, bar):
    shape, file = bench.shape("t5-v1_1-base"), bench.items()
    if choices == 1:
        file = bench.parts.one_choice(bench.parts.head(bench.parts.items(), 4 * bench.arguments.items))
    sides = bench.alternate({
        "skein": bench.skein_items(["bench", "score"], shape, 0, file),
        "ct2": bench.ct2("score", shape, file, "--batch", bench.arguments.batch)})
    one, other = sides["skein"], sides["ct2"]
    text = Text(bench.parts.base(shape))
    lengths = [[len(text.ids(choice)) for choice in line["choices"]] for line in read_lines(file)]
    yield result(f"plain scoring, {choices} choice{'s' if choices > 1 else ''}, tokens/s", shape,
                 other.seconds / one.seconds, bar, agree=scores_agree(one, other, lengths, "f32"),
                 **pair(one, other, bench.tokens(shape, file), "CTranslate2"))


# ---- PEFT's Arrow ----

def same_experts(a, b):
    """The share of a token's linears that can have gone to the same experts, over all tokens."""
    shared = [sum(min(x, y) for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True)]
    return sum(shared) / len(shared)


def traced(bench, shape, experts, file):
    """skein's weights of the encoder's tokens of the first item, top-1."""
    trace = bench.log / "arrow-trace.json"
    bench.answer([*bench.skein_items(["score"], shape, experts, file, "arrow", 1), "--force",
                  "--trace", trace])
    return [token["weight"] for token in json.loads(trace.read_text())["encoder"]]


def asked(bench, name, command, *questions):
    side = bench.side(name, command)
    side.ask()
    answers = [side.ask(json.dumps(question)) for question in questions]
    side.close()
    return answers


def arrow_agrees(bench, shape, experts, file, peft, one):
    """With one expert a token and true singular vectors both should compute the same; what PEFT does
    otherwise is then said by how much it changes."""
    exact, own, two = asked(bench, "peft-asked", peft, {"top_k": 1, "exact": True, "chosen": True},
                            {"top_k": 1, "chosen": True}, {"top_k": 2, "exact": True})
    skein = asked(bench, "skein-top-1", bench.skein_items(["bench", "score"], shape, experts, file,
                                                          "arrow", 1), {})[0]
    chosen = traced(bench, shape, experts, file)
    difference = all_apart(skein["loglik"], exact["loglik"])
    most, largest = difference[int(LIKELIHOODS_THAT_AGREE * (len(difference) - 1))], difference[-1]
    same, same_own = (same_experts(chosen, answer["chosen"]) for answer in (exact, own))
    mixed = all_apart(one.answers[-1]["loglik"], two["loglik"])[-1]
    as_it_is = all_apart(skein["loglik"], own["loglik"])[-1]
    cosines = own["cosines"]
    good = (most <= TOLERANCE["f32"] and largest <= 10 * TOLERANCE["f32"] and same >= EXPERTS_THAT_AGREE)
    return good, (
        f"top-1 with singular vectors as prototypes on both sides: log-likelihoods differ by {largest:.0e} "
        f"of themselves at most, {100 * same:.1f} % of (token, linear) have the same expert; PEFT's "
        f"prototypes are 15 steps of power iteration, too few for random factors, whose singular values are "
        f"close: |cosine| with the singular vector is {cosines['median']:.3f} in the median, "
        f"{cosines['smallest']:.2f} at least, {100 * cosines['below_0.99']:.0f} % are below 0.99; with "
        f"them {100 * same_own:.0f} % have the same expert, likelihoods {as_it_is:.0e}; top-2: "
        f"both take the softmax of |u.p| over the chosen at temperature 1, PEFT mixes outputs, skein's mttl "
        f"parameters: likelihoods {mixed:.0e}")


def arrow(bench):
    shape, experts = bench.shape("t5-v1_1-base"), 36
    file = bench.parts.head(bench.parts.items(), max(1, bench.arguments.items // 4))
    peft = bench.python("arrow.py", "--base", bench.parts.base(shape), "--pool",
                        bench.parts.pool(shape, experts), "--input", file, "--threads", bench.threads,
                        "--attention", bench.arguments.attention)
    sides = bench.alternate({
        "skein": bench.skein_items(["bench", "score"], shape, experts, file, "arrow"), "peft": peft})
    one, other = sides["skein"], sides["peft"]
    yield result(f"Arrow scoring, 4 choices, top-2, {experts} experts", shape, other.seconds / one.seconds,
                 None, agree=arrow_agrees(bench, shape, experts, file, peft, one),
                 **pair(one, other, bench.tokens(shape, file), "PEFT"))
