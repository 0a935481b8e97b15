"""Why generated texts differ: PyTorch says how near the first two tokens were where they part.

    python referee.py --base DIR --input FILE --max-output N

A line of the input has the input and what the sides made of it: {"input", "texts": {side: text}, "ids":
{side: ids of those sides that give them}}. The greedy tokens of transformers are computed anew, and the
logits at every one of them in f32 and in f64. One line of JSON is the answer to each line, of every side
{"step": the first token that is not PyTorch's, null where there is none; "gap": how much larger the
logit of PyTorch's token is than that of the side's, in f64; "rounding": the largest change of any logit
there when f32 takes the place of f64}. A side that gives no ids may have parted anywhere before its text
did, as a text leaves out some tokens: of these steps it is the one where the second token is nearest.
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


def parting_of_ids(output, logits, ids):
    """(step, gap), or None."""
    step = next((t for t, (a, b) in enumerate(zip(output, ids)) if a != b), None)
    return None if step is None else (step, (logits[step, output[step]] - logits[step, ids[step]]).item())


def parting_of_text(text, output, logits, side_text):
    if side_text == text.string(output):
        return None
    last = max(t for t in range(len(output)) if side_text.startswith(text.string(output[:t])))
    best = logits[:last + 1].topk(2, dim=1).values
    gap, step = (best[:, 0] - best[:, 1]).min(dim=0)
    return step.item(), gap.item()


def verdict(text, output, logits, rounding, side_text, side_ids):
    found = (parting_of_text(text, output, logits, side_text) if side_ids is None
             else parting_of_ids(output, logits, side_ids))
    if found is None:
        return {"step": None}
    step, gap = found
    return {"step": step, "gap": gap, "rounding": rounding[step].item()}


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
