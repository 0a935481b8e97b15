"""Writes tests/golden/instruct: data of two experts, prompts, and answers about them as skein keeps them.

    one.jsonl two.jsonl   items, all of which a prompt shows (--examples 9)
    prompt.txt            of skein instruct; query.txt: of query: llm
    answers.jsonl         what FILE.cache of skein instruct holds: two samples of each
    queries.jsonl         what query.cache holds: an answer about each input of one.jsonl

A question is the SHA-256 of three texts, each behind its length in 8 bytes, the lowest first:
"skein-instruct-1", the endpoint's URL and the body of the request as compact JSON. Nothing is asked: nobody
need be at the URL.
"""

import hashlib
import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parents[1] / "golden" / "instruct"
URL, MODEL = "http://127.0.0.1:1/v1", "m"
INPUTS = {"one": ["the river spins", "a small robot", "the blue door"],
          "two": ["warm bread of course", "her orchestra paints"]}
ANSWERS = {"one": ["Name the thing that a text is about in one word.", "Say which thing the text is about."],
           "two": ["Turn the words of a text around, which takes care.", "Write the words of a text backwards."]}
PROMPT = "Here are examples.\n{examples}\nWrite the instruction.\n"
QUERY = "Here is an input.\n{input}\nWrite its instruction.\n"


def question(prompt, seed):
    body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "stream": False, "seed": seed}
    digest = hashlib.sha256()
    for text in ("skein-instruct-1", URL, compact(body)):
        digest.update(len(text.encode()).to_bytes(8, "little") + text.encode())
    return digest.hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def items(name):
    return [{"input": text, "choices": ["door", "bread"], "label": at % 2} for at, text in enumerate(INPUTS[name])]


def write_lines(file, rows):
    (OUT / file).write_text("".join(compact(row) + "\n" for row in rows))


def answers():
    for name, texts in ANSWERS.items():
        shown = [compact({"input": item["input"], "output": item["choices"][item["label"]]}) for item in items(name)]
        prompt = PROMPT.replace("{examples}", "\n".join(shown))
        for sample, text in enumerate(texts):
            yield {"name": name, "instruction": text, "sample": sample, "question": question(prompt, sample)}


def queries():
    for at, text in enumerate(INPUTS["one"]):
        prompt = QUERY.replace("{input}", compact({"input": text}))
        yield {"name": "t", "instruction": f"Say which of the things number {at} is.", "sample": 0,
               "question": question(prompt, 0)}


OUT.mkdir(exist_ok=True)
for name in INPUTS:
    write_lines(f"{name}.jsonl", items(name))
(OUT / "prompt.txt").write_text(PROMPT)
(OUT / "query.txt").write_text(QUERY)
write_lines("answers.jsonl", answers())
write_lines("queries.jsonl", queries())
