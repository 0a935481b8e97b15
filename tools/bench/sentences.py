"""Other sides of embedding texts: sentence-transformers on PyTorch, and ONNX Runtime, both in f32.

    python sentences.py torch  --encoder DIR --input FILE                  SentenceTransformer(DIR).encode
    python sentences.py onnx   --encoder DIR --model FILE --input FILE     the same model in ONNX Runtime
    python sentences.py export --encoder DIR --model FILE                  the model for ONNX Runtime

Like reference.py it answers every line of standard input with one line of JSON. The first answer tries the
batch sizes of --batches and keeps the fastest, which the others use; it also says how long it took to
import and load, and writes its vectors to --output (.npy).

encode sorts texts by their length and pads a batch to its longest. The way to ONNX Runtime is ours: ids of
the same tokenizer, cut alike, batches sorted alike, each padded to its longest with a mask; mean over
tokens and length 1 in numpy. Graph optimisation is on in full.
"""

import argparse
import json
import pathlib
import sys
import time

import numpy as np

from process import forget_peak, resident_peak
from texts import read_lines

STARTED = time.perf_counter()


class Torch:
    def __init__(self, a):
        import torch
        from sentence_transformers import SentenceTransformer
        torch.set_num_threads(a.threads)
        self.model = SentenceTransformer(str(a.encoder), device="cpu")

    def encode(self, texts, batch):
        return self.model.encode(texts, batch_size=batch, show_progress_bar=False)


class Onnx:
    def __init__(self, a):
        import onnxruntime
        from tokenizers import Tokenizer
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = a.threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(str(a.model), options, ["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(a.encoder / "tokenizer.json"))
        longest = json.loads((a.encoder / "sentence_bert_config.json").read_text())["max_seq_length"]
        self.tokenizer.enable_truncation(longest)
        self.tokenizer.no_padding()

    def states(self, ids):
        """Means of the last states over each text's tokens."""
        shape = len(ids), max(map(len, ids))
        padded, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, text in enumerate(ids):
            padded[row, :len(text)], mask[row, :len(text)] = text, 1
        states, = self.session.run(None, {"input_ids": padded, "attention_mask": mask})
        return (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)

    def encode(self, texts, batch):
        ids = [encoded.ids for encoded in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        batches = [order[at:at + batch] for at in range(0, len(order), batch)]
        parts = [self.states([ids[i] for i in some]) for some in batches]
        vectors = np.empty((len(texts), parts[0].shape[1]), np.float32)
        for some, part in zip(batches, parts, strict=True):
            vectors[some] = part / np.linalg.norm(part, axis=1, keepdims=True)
        return vectors


def export(a):
    import torch
    from transformers import AutoModel
    model = AutoModel.from_pretrained(a.encoder, attn_implementation="eager").eval()

    class States(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    names, some = ["input_ids", "attention_mask"], torch.ones(2, 7, dtype=torch.long)
    axes = {name: {0: "texts", 1: "tokens"} for name in [*names, "states"]}
    torch.onnx.export(States(), (some, some), str(a.model), input_names=names, output_names=["states"],
                      dynamic_axes=axes, opset_version=17, dynamo=False)


def timed(side, texts, batch):
    start = time.perf_counter()
    vectors = side.encode(texts, batch)
    return time.perf_counter() - start, vectors


def fastest(side, texts, batches):
    """Of some texts, the shortest and the longest among them."""
    some = sorted(texts, key=len)[::max(1, len(texts) // 256)]
    timed(side, some, batches[0])
    return min(batches, key=lambda batch: timed(side, some, batch)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["torch", "onnx", "export"])
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8, 16, 32])
    a = parser.parse_args()
    if a.what == "export":
        export(a)
        return
    texts = [line["input"] for line in read_lines(a.input)]
    side = {"torch": Torch, "onnx": Onnx}[a.what](a)
    load = time.perf_counter() - STARTED
    forget_peak()
    batch = None
    for _ in sys.stdin:
        if batch is None:
            batch = fastest(side, texts, a.batches)
            np.save(a.output, side.encode(texts, batch))
        seconds, _ = timed(side, texts, batch)
        print(json.dumps({"seconds": seconds, "batch": batch, "load_seconds": load,
                          "peak_bytes": resident_peak()}), flush=True)


if __name__ == "__main__":
    main()
