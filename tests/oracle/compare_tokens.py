"""Compares `skein tokens` with transformers and tokenizers, on many texts and kinds of directory.

    python -B tests/oracle/compare_tokens.py --skein build/release/skein --data DIR --scratch DIR

DIR of --data has JSONL, JSONL.zst and JSON files; every string in them is a text, and those of
odd_texts.py are added. A vocabulary is trained on a part of them and saved in every way that the
libraries save it. Not part of the tests: it takes minutes.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

import odd_texts
import sentencepiece
import tokenizers
import transformers

PIECES = 8000


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def read(path):
    if path.suffix == ".zst":
        text = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout.decode()
    else:
        text = path.read_text()
    if path.suffix == ".json":
        yield from strings(json.loads(text))
    else:
        for line in text.split("\n"):
            if not line.strip():
                continue
            yield from strings(json.loads(line))


def gather(data):
    found = [text for path in sorted(data.rglob("*")) if path.suffix in (".zst", ".jsonl", ".json")
             for text in read(path)]
    return list(dict.fromkeys(text for text in found if "\0" not in text))


def train(path, texts, rule="nmt_nfkc", pieces=PIECES):
    path.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(path / "spiece"), vocab_size=pieces, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=2, normalization_rule_name=rule, minloglevel=2,
        character_coverage=0.9999, max_sentence_length=100000, input_sentence_size=30000, shuffle_input_sentence=True)
    (path / "spiece.vocab").unlink()
    (path / "config.json").write_text('{"model_type": "t5"}')


def skein_rows(program, base, texts, scratch):
    lines = scratch / "texts.jsonl"
    lines.write_text("".join(json.dumps({"input": text}) + "\n" for text in texts))
    done = subprocess.run([program, "tokens", "--base", base, "--input", lines], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{base}: skein: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(name, program, base, texts, scratch, encoders):
    rows = skein_rows(program, base, texts, scratch)
    for label, encode, show in encoders:
        wrong = []
        for text, row in zip(texts, rows):
            ids = encode(text)
            if row["ids"] != ids or row["pieces"] != show(ids):
                wrong.append((text, ids, row))
        tokens = sum(len(row["ids"]) for row in rows)
        print(f"{name:24} {label:26} {len(texts)} texts, {tokens} ids, {len(wrong)} differ", flush=True)
        for text, ids, row in wrong[:6]:
            print("   ", ascii(text[:60]), ids[:20], row["ids"][:20], row["pieces"][:20])


def fast(path):
    library = tokenizers.Tokenizer.from_file(str(path))
    library.no_truncation()
    return ("tokenizers", lambda text: library.encode(text).ids, lambda ids: [library.id_to_token(i) for i in ids])


def slow(path, kind=transformers.T5Tokenizer):
    loaded = kind.from_pretrained(path)
    return (f"{kind.__name__} {transformers.__version__}", lambda text: loaded(text).input_ids,
            loaded.convert_ids_to_tokens)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--skein", required=True)
    args.add_argument("--data", type=pathlib.Path, required=True)
    args.add_argument("--scratch", type=pathlib.Path, required=True)
    args.add_argument("--base", type=pathlib.Path, action="append", default=[], help="compare these, too")
    args.add_argument("--every", type=int, default=1, help="take each N-th text of the data only")
    args = args.parse_args()
    transformers.logging.set_verbosity_error()
    data, odd = gather(args.data), odd_texts.texts() + odd_texts.long_texts()
    print(f"{len(data)} texts of data, {len(odd)} odd ones")
    texts, scratch = data[::args.every] + odd, args.scratch
    if not (scratch / "nfkc").exists():
        train(scratch / "nfkc", data[::2] + [" ".join(odd_texts.WORDS)] * 50)
        train(scratch / "identity", data[::2] + [" ".join(odd_texts.WORDS)] * 50, "identity")
    for name in ("nfkc", "identity"):
        base, saved = scratch / name, scratch / f"{name}-saved"
        compare(f"{name} spiece.model", args.skein, base, texts, scratch, [slow(base), slow(base, transformers.AutoTokenizer)])
        shutil.rmtree(saved, ignore_errors=True)
        transformers.T5Tokenizer.from_pretrained(base).save_pretrained(saved)
        compare(f"{name} tokenizer.json", args.skein, saved, texts, scratch, [fast(saved / "tokenizer.json"), slow(saved)])
    for base in args.base:
        file = base / "tokenizer.json"
        compare(base.name, args.skein, base, texts, scratch, [fast(file)] if file.exists() else [slow(base)])


if __name__ == "__main__":
    sys.exit(main())
