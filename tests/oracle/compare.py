"""Prints the reference's loss of a real model, to hold beside skein's.

    python tests/oracle/compare.py BASE DATA.jsonl [--expert DIR [--gate FILE]] [--limit N]

BASE is a Hugging Face T5 directory, DATA has {"input", "target"} lines, DIR is a PEFT directory and
FILE a gate.safetensors of skein. One line an example (summed cross-entropy, target tokens), then the
loss: all cross-entropies divided by all target tokens. Weights of any dtype are widened to f32.
"""

import argparse
import itertools
import json

import peft
import torch
import transformers
from safetensors.torch import load_file

from reference import attach_gates, example_logits, token_nll


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("data")
    parser.add_argument("--expert")
    parser.add_argument("--gate")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--max-length", type=int, default=512)
    return parser.parse_args()


def load_model(args):
    model = transformers.T5ForConditionalGeneration.from_pretrained(args.base, dtype=torch.float32)
    if args.expert:
        model = peft.PeftModel.from_pretrained(model, args.expert)
    if args.gate:
        gates = {name.removesuffix(".gate"): v for name, v in load_file(args.gate).items()}
        attach_gates(model, gates)
    return model.eval()


def main():
    args = arguments()
    model = load_model(args)
    tokenizer = transformers.T5Tokenizer.from_pretrained(args.base)
    total = tokens = 0
    with open(args.data, encoding="utf-8") as lines, torch.no_grad():
        for line in itertools.islice(filter(str.strip, lines), args.limit):
            example = {key: tokenizer(json.loads(line)[key], max_length=args.max_length,
                                      truncation=True).input_ids for key in ("input", "target")}
            nll = token_nll([example_logits(model, example)], [example])
            total, tokens = total + nll.sum().item(), tokens + nll.numel()
            print(f"{nll.sum().item():.6f} {nll.numel()}")
    print(f"loss {total / tokens:.7f} over {tokens} target tokens")


if __name__ == "__main__":
    main()
