"""Why generated texts differ: PyTorch says how near the first two tokens were where they part.

    python referee.py --base DIR --input FILE --max-output N

A line of the input has the input and what the sides made of it: {"input", "texts": {side: text}, "ids":
{side: ids of those sides that give them}}. The greedy tokens of transformers are computed anew, and the
logits at every one of them in f32 and in f64. One line of JSON is the answer to each line, of every side
{"step": the first token that is not PyTorch's, null where there is none; "gap": how much larger the
logit of PyTorch's token is than that of the side's (of the second, where a side gives no ids), in f64;
"rounding": the largest change of any logit there when f32 takes the place of f64}.
"""

import argparse
import json
import pathlib

import torch
import transformers

from texts import Text, read_lines


def load(base, dtype):
    return transformers.T5ForConditionalGeneration.from_pretrained(
        base, dtype=dtype, attn_implementation="sdpa").eval().requires_grad_(False)


def greedy(model, ids, most):
    out = model.generate(input_ids=torch.tensor([ids]), do_sample=False, num_beams=1, max_new_tokens=most)
    return out[0, 1:].tolist()


def logits_along(model, ids, output):
    decoder = model._shift_right(torch.tensor([output]))
    return model(input_ids=torch.tensor([ids]), decoder_input_ids=decoder).logits[0].double()


def first_difference(text, output, side_text, side_ids):
    """The first of `output` that a side did not make; a side without ids is followed by its text."""
    if side_ids is not None:
        pairs = [(a, b) for a, b in zip(output, side_ids)]
        return next((t for t, (a, b) in enumerate(pairs) if a != b), None)
    if side_text == text.string(output):
        return None
    following = [t for t in range(len(output)) if side_text.startswith(text.string(output[:t]))]
    return following[-1]


def verdict(text, output, logits, rounding, side_text, side_ids):
    step = first_difference(text, output, side_text, side_ids)
    if step is None:
        return {"step": None}
    row = logits[step]
    other = row[side_ids[step]] if side_ids is not None else row.topk(2).values[1]
    return {"step": step, "gap": (row[output[step]] - other).item(), "rounding": rounding[step].item()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--input", type=pathlib.Path, required=True)
    parser.add_argument("--max-output", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    text = Text(arguments.base)
    single, double = (load(arguments.base, dtype) for dtype in (torch.float32, torch.float64))
    with torch.inference_mode():
        for line in read_lines(arguments.input):
            ids = text.ids(line["input"])
            output = greedy(single, ids, arguments.max_output)
            logits = logits_along(double, ids, output)
            rounding = (logits_along(single, ids, output) - logits).abs().amax(dim=1)
            print(json.dumps({side: verdict(text, output, logits, rounding, side_text,
                                            line["ids"].get(side))
                              for side, side_text in line["texts"].items()}), flush=True)


if __name__ == "__main__":
    main()
