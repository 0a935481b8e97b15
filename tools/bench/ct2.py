"""Another other side: plain T5 on CTranslate2, which has no routing.

    python ct2.py convert  --base DIR --model DIR                 a T5 directory into CTranslate2's form
    python ct2.py score    --base DIR --model DIR --input FILE    log-likelihoods of the choices of items
    python ct2.py generate --base DIR --model DIR --input FILE    greedy generation, or beams

Like reference.py and `skein bench` it answers every line of standard input with one line of JSON.

As a user of it has it: one translator of --threads threads, batches sorted and cut by CTranslate2,
which leaves out padding itself; score_batch for scoring, where an input goes through the encoder once for
every choice, as it has no other way. The ids are those of texts.py, given as the pieces that the
vocabulary maps to the same ids (checked). An input has its EOS with it; score_batch adds that of a
choice, and counts it (checked); generation may end at once (min_decoding_length=0; 1 forbids EOS as
the first token).

Two things are mended in conversion, for transformers 5:
  - its T5 configurations all say tie_word_embeddings, and whether outputs are scaled by
    d_model^-0.5 is in scale_decoder_outputs; the converter asks the former, and would scale those of
    v1.1 models
  - the names that fill the vocabulary up to the embedding's size are distinct; the converter counts
    its <extra_id_N> from 0 whether they exist or not, and CTranslate2 drops a name it has seen
"""

import argparse
import json
import pathlib
import sys
import time

import ctranslate2

from process import forget_peak, resident_peak
from texts import Text, read_lines


# ---- conversion ----

class Pieces:
    """What the converter asks of a tokenizer."""

    def __init__(self, base):
        pieces = Text(base).pieces
        size = json.loads((base / "config.json").read_text())["vocab_size"]
        self.names = [pieces.id_to_piece(i) for i in range(len(pieces))]
        self.names += [f"<unused_{i}>" for i in range(len(pieces), size)]
        self.pad_token, self.eos_token, self.unk_token = (
            self.names[i] for i in (0, pieces.eos_id(), pieces.unk_id()))

    def get_vocab(self):
        return {name: i for i, name in enumerate(self.names)}

    def convert_ids_to_tokens(self, i):
        return self.names[i]


def convert(arguments):
    import torch
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_model(self, *words, **named):
            model = super().load_model(*words, **named)
            model.config.tie_word_embeddings = model.config.scale_decoder_outputs
            return model

        def load_tokenizer(self, *_, **__):
            return Pieces(arguments.base)

    torch.set_num_threads(arguments.threads)
    Converter(str(arguments.base)).convert(str(arguments.model))


# ---- texts as pieces ----

class Vocabulary:
    def __init__(self, arguments):
        self.text = Text(arguments.base)
        names = json.loads((arguments.model / "shared_vocabulary.json").read_text())
        self.names, self.number = names, {name: i for i, name in enumerate(names)}
        pieces = self.text.pieces
        wrong = [i for i in range(len(pieces)) if self.number.get(pieces.id_to_piece(i)) != i]
        if wrong or len(self.number) != len(names):
            raise SystemExit(f"{arguments.model}: ids that differ: {wrong[:8]}")

    def tokens(self, text):
        return [self.names[i] for i in self.text.ids(text)]

    def ids(self, tokens):
        return [self.number[token] for token in tokens]


# ---- what is measured ----

def score(translator, vocabulary, lines, arguments):
    items = [(vocabulary.tokens(line["input"]), [vocabulary.tokens(choice) for choice in line["choices"]])
             for line in lines]
    source = [tokens for tokens, choices in items for _ in choices]
    target = [choice[:-1] for _, choices in items for choice in choices]

    def run():
        results = translator.score_batch(source, target, max_batch_size=arguments.batch)
        for result, choice in zip(results, target, strict=True):
            assert result.tokens == choice + source[0][-1:], f"scored {result.tokens} for {choice}"
        sums = iter(sum(result.log_probs) for result in results)
        return {"loglik": [[next(sums) for _ in choices] for _, choices in items]}
    return run


def generate(translator, vocabulary, lines, arguments):
    source = [vocabulary.tokens(line["input"]) for line in lines]

    def run():
        results = translator.translate_batch(source, beam_size=arguments.beams, min_decoding_length=0,
                                             max_decoding_length=arguments.max_output,
                                             max_batch_size=arguments.batch, return_end_token=True)
        ids = [vocabulary.ids(result.hypotheses[0]) for result in results]
        lengths = [vocabulary.text.length(x) for x in ids]
        return {"output": [vocabulary.text.string(x) for x in ids], "ids": ids, "lengths": lengths,
                "target_tokens": sum(lengths)}
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["convert", "score", "generate"])
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=16, help="sequences in one forward")
    parser.add_argument("--max-output", type=int, default=64)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--type", default="float32", help="compute_type")
    arguments = parser.parse_args()
    if arguments.what == "convert":
        convert(arguments)
        return
    translator = ctranslate2.Translator(str(arguments.model), device="cpu", inter_threads=1,
                                        intra_threads=arguments.threads, compute_type=arguments.type)
    measure = {"score": score, "generate": generate}[arguments.what](
        translator, Vocabulary(arguments), read_lines(arguments.input), arguments)
    forget_peak()
    for _ in sys.stdin:
        start = time.perf_counter()
        answer = measure()
        answer["seconds"] = time.perf_counter() - start
        print(json.dumps(answer | {"peak_bytes": resident_peak(), "type": translator.compute_type}),
              flush=True)


if __name__ == "__main__":
    main()
