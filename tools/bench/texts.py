"""Texts as both sides see them: SentencePiece ids, cut at 512 with EOS as the last."""

import itertools
import json

import sentencepiece

MAX_TOKENS = 512  # of an input, a target or a choice


class Text:
    def __init__(self, base):
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(base / "spiece.model"))

    def ids(self, text):
        return self.pieces.encode(text)[:MAX_TOKENS - 1] + [self.pieces.eos_id()]

    def length(self, ids):
        """Of what was generated: to the first EOS, which counts."""
        return ids.index(self.pieces.eos_id()) + 1 if self.pieces.eos_id() in ids else len(ids)

    def string(self, ids):
        ids = itertools.takewhile(lambda i: i != self.pieces.eos_id(), ids)
        return self.pieces.decode([i for i in ids if 0 < i < len(self.pieces)])


def read_lines(path, most=None):
    with open(path) as file:
        return [json.loads(line) for line in itertools.islice(file, most)]
