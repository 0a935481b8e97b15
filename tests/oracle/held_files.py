"""From the files that people hold to answers: every kind is made here by the program that people
make it with, taken through skein's commands, and the answers are compared with those of PyTorch.

    python -B tests/oracle/held_files.py build/release/skein [KEEP]

KEEP is a new folder for what is made; without it everything is gone in the end. Weights are random:
what is tested is that files are read rightly, which no trained weight would show better.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import peft
import tokenizers
import torch
import transformers

import released
import routed
from check_released import prepared
from make_tokenizer_golden import OBJECTS, SUBJECTS, VERBS, sentences

# Mean log-likelihoods in f32 on both sides: the order of sums is all that differs.
PARITY = 1e-4
WIDTH = 32
MODULES = ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]


def make_tokenizer():
    """T5's own kind, trained by Hugging Face's library: tokenizer.json and no spiece.model."""
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=400, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>",
        show_progress=False)
    unigram = tokenizers.Tokenizer(tokenizers.models.Unigram())
    unigram.normalizer = tokenizers.normalizers.NFKC()
    unigram.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    unigram.train_from_iterator(sentences(), trainer)
    vocabulary = json.loads(unigram.to_str())["model"]["vocab"]
    return transformers.T5Tokenizer(vocab=[tuple(piece) for piece in vocabulary])


def make_base(folder, tokenizer):
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=WIDTH, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, decoder_start_token_id=0)
    model = transformers.T5ForConditionalGeneration(config).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def make_pickled_base(folder, base):
    """The same base as older programs left it: shards of pickles and their index."""
    folder.mkdir()
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]:
        (folder / name).write_bytes((base / name).read_bytes())
    tensors = transformers.T5ForConditionalGeneration.from_pretrained(base).state_dict()
    names, shards = sorted(tensors), {}
    for i, name in enumerate(names):
        shards[name] = f"pytorch_model-{1 + 2 * i // len(names):05}-of-00002.bin"
    for shard in set(shards.values()):
        torch.save({n: tensors[n] for n in names if shards[n] == shard}, folder / shard)
    index = {"metadata": {"total_size": 0}, "weight_map": shards}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))


def randomised(model, seed):
    """An adapter as training leaves it: no parameter of it at its start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
            elif "ia3_" in name:
                parameter.copy_(1 + 0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def open_base(base):
    return transformers.T5ForConditionalGeneration.from_pretrained(base).eval()


def make_lora(folder, base, seed):
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=MODULES, task_type="SEQ_2_SEQ_LM")
    model = randomised(peft.get_peft_model(open_base(base), config), seed)
    model.save_pretrained(folder, safe_serialization=False)
    assert (folder / "adapter_model.bin").exists()
    return model


def make_ia3(folder, base, seed):
    config = peft.IA3Config(task_type="SEQ_2_SEQ_LM")
    model = randomised(peft.get_peft_model(open_base(base), config), seed)
    model.save_pretrained(folder)
    return model


def make_tfew(folder, base, seed):
    """As T-Few's code saves what it trained: one file of the vectors alone."""
    model = make_ia3(folder / "peft", base, seed)
    named = {name.removeprefix("base_model.model.").removesuffix(".ia3_l.default"): value.detach()
             for name, value in model.named_parameters() if "ia3_l" in name}
    suffix = {True: "multi_lora_a", False: "multi_lora_b"}  # of inputs and of outputs
    torch.save({f"{name}.{suffix[value.shape[0] == 1]}": value for name, value in named.items()},
               folder / "finish.pt")
    return model


def make_released(folder, base):
    """What PHATGOOSE and GLIDER save of three experts, and the model that routes over them."""
    model = open_base(base)
    linears = {name: module for name, module in model.named_modules()
               if isinstance(module, torch.nn.Linear) and name != "lm_head"}
    rng = torch.Generator().manual_seed(released.SEED)
    experts = [released.make_expert(linears, rng) for _ in released.NAMES]
    checkpoint = released.phatgoose(model, experts)
    torch.save(checkpoint, folder / "best.pt")
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in released.NAMES))
    (folder / "glider").mkdir()
    for number, name in enumerate(released.NAMES):
        torch.save(released.glider(checkpoint, number), folder / "glider" / f"{name}_best.pt")
    torch.save({name: torch.randn(8, generator=rng) for name in released.NAMES},
               folder / "embeddings.pt")
    named = dict(zip(released.NAMES, map(prepared, experts)))
    routed.Routed(named, None, None, released.RULE).attach(model)
    return model


def make_items():
    return [{"id": str(i), "input": f"question: what does {s} do? {OBJECTS[i % len(OBJECTS)]}",
             "choices": [VERBS[(i + k) % len(VERBS)] for k in range(4)], "label": i % 4}
            for i, s in enumerate(SUBJECTS)]


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@torch.no_grad()
def scores(model, tokenizer, items):
    """Mean log-likelihood of the tokens of each choice, EOS counted."""
    answers = []
    for item in items:
        ids = tokenizer(item["input"], return_tensors="pt").input_ids
        row = [-model(input_ids=ids, labels=tokenizer(c, return_tensors="pt").input_ids).loss.item()
               for c in item["choices"]]
        answers.append(row)
    return answers


class Skein:
    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())

    def __call__(self, *arguments):
        print("skein", *arguments, flush=True)
        done = subprocess.run([self.program, *map(str, arguments)], text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"exit code {done.returncode}: {done.stderr}")
        return done.stdout

    def expect(self, expected, *arguments):
        lines = [json.loads(line) for line in self("score", *arguments).splitlines()]
        off = max(abs(a - b) for line, row in zip(lines, expected, strict=True)
                  for a, b in zip(line["scores"], row, strict=True))
        print(f"  scores differ by at most {off:.1e}")
        if off > PARITY:
            sys.exit("that is not what PyTorch has")


def train_gate(skein, folder, base, expert):
    output = folder / f"gate-of-{expert.name}"
    skein("train", "gate", "-s", f"base={base}", "-s", f"expert={expert}",
          "-s", f"data.train={folder / 'train.jsonl'}", "-s", f"output={output}",
          "-s", "train.steps=3", "-s", "train.batch_size=8")
    return output / "gate.safetensors"


def walk_released(skein, folder, base, tokenizer, items, given):
    model = make_released(folder, base)
    expected = scores(model, tokenizer, items)
    skein("inspect", folder / "best.pt")
    skein("pool", "import", "phatgoose", folder / "goose", "--checkpoint", folder / "best.pt",
          "--names", folder / "names.txt", "--base", base)
    skein("pool", "import", "glider", folder / "gliders", "--directory", folder / "glider",
          "--embeddings", folder / "embeddings.pt", "--base", base)
    for pool in [folder / "goose", folder / "gliders"]:
        skein("pool", "check", pool)
        skein.expect(expected, "--pool", pool, "--router", "phatgoose", *given)
    skein("score", "--pool", folder / "gliders", "--router", "glider", "-s", "embedder=precomputed",
          "-s", f"embeddings={folder / 'embeddings.pt'}", "--task", "zoo", *given)
    train_gate(skein, folder, base, folder / "goose" / "experts" / "zoo")


def walk_merged(skein, folder, base, tokenizer, items, given):
    """A merge is an adapter that PEFT loads, and the router of the same name."""
    pool = folder / "goose"
    for method, settings in [("cat", {}), ("ties", {}), ("dare-ties", {"rank": 3}), ("tsv", {}),
                             ("linear", {"compat": "peft"})]:
        output = folder / f"merged-{method}"
        flags = [word for key, value in settings.items() for word in (f"--{key}", value)]
        skein("pool", "merge", pool, "-o", output, "--method", method, *flags)
        model = peft.PeftModel.from_pretrained(open_base(base), output).eval()
        chosen = [word for key, value in {"method": method, **settings}.items()
                  for word in ("-s", f"merge.{key}={value}")]
        skein.expect(scores(model, tokenizer, items), "--pool", pool, "--router", "merged", *chosen,
                     *given)


def walk(skein, folder):
    torch.manual_seed(1)
    base, tokenizer = folder / "t5", make_tokenizer()
    items = make_items()
    write_lines(folder / "items.jsonl", items)
    write_lines(folder / "train.jsonl", [{"input": i["input"], "target": i["choices"][i["label"]]}
                                         for i in items])
    given = ["--input", folder / "items.jsonl"]
    model = make_base(base, tokenizer)
    assert not (base / "spiece.model").exists()
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    plain = scores(model, tokenizer, items)
    skein("inspect", base)
    skein.expect(plain, "--base", base, *given)

    make_pickled_base(folder / "t5-bin", base)
    skein("inspect", folder / "t5-bin")
    skein.expect(plain, "--base", folder / "t5-bin", *given)

    pool = folder / "pool"
    skein("pool", "init", pool, "--base", base)
    for name, make, file in [("lora", make_lora, "."), ("ia3", make_ia3, "."),
                             ("tfew", make_tfew, "finish.pt")]:
        expert = folder / name / file
        expected = scores(make(folder / name, base, seed=len(name)), tokenizer, items)
        skein("inspect", expert)
        gate = train_gate(skein, folder, base, expert)
        skein("pool", "add", pool, name, "--adapter", expert, "--gate", gate)
        skein.expect(expected, "--pool", pool, "--router", "expert", "-s", f"expert={name}", *given)
    skein("pool", "check", pool)
    skein("score", "--pool", pool, "--router", "phatgoose", *given)
    walk_released(skein, folder, base, tokenizer, items, given)
    walk_merged(skein, folder, base, tokenizer, items, given)


def main():
    transformers.logging.set_verbosity_error()
    skein = Skein(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        folder.mkdir(exist_ok=len(sys.argv) == 2)
        walk(skein, folder)
    print("every file was read, and every answer is PyTorch's")


if __name__ == "__main__":
    main()
