"""Writes data/tokenizer/unicode_tables.c and unicode_bert.c: the properties of characters that tokenizer
files count on.

The tables are to say what the `tokenizers` library says, which has more than one version of Unicode
inside. So properties that it shows from outside are asked of it, character by character; classes of
grapheme clusters, which it does not show, are those of the `regex` package (a newer Unicode), less
the characters that the library does not join to the one before.

    python -B tests/oracle/make_unicode_tables.py    (needs tokenizers, regex; clang-format)
"""

import pathlib
import struct
import subprocess

import regex
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

ROOM = pathlib.Path(__file__).resolve().parents[2] / "data/tokenizer"
OUT, BERT_OUT = ROOM / "unicode_tables.c", ROOM / "unicode_bert.c"
CHARACTERS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
COUNT_BITS = 11  # of a range

HEAD = """/* Properties of characters; made by tests/oracle/make_unicode_tables.py, see unicode.h. */
#include "data/tokenizer/unicode.h"

"""


def charsmap(rules):
    """Compiled rules {bytes: str} in SentencePiece's format, a block of the trie for every node."""
    root = {}
    for key, value in rules.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node["value"] = value
    units, strings, rest = [0] * 256, b"", [(0, root, 0)]
    while rest:
        at, node, label = rest.pop()
        base = len(units)
        units += [0] * 256
        units[at] = (at ^ base) << 10 | label | ("value" in node) << 8
        if "value" in node:
            units[base] = 1 << 31 | len(strings)
            strings += node["value"].encode() + b"\0"
        rest += [(base ^ byte, below, byte) for byte, below in node.items() if byte != "value"]
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + strings


def having(properties):
    pattern = regex.compile("[" + "".join(rf"\p{{{name}}}" for name in properties) + "]")
    return {c for c in CHARACTERS if pattern.match(chr(c))}


def joined():
    """What continues the cluster of an "a": the cluster then is shorter than 6 bytes and begins
    with a key, so all of it is replaced."""
    rules = normalizers.Precompiled(charsmap({b"a": "X"}))
    return {c for c in CHARACTERS if rules.normalize_str("a" + chr(c)) == "X"}


def conjunct(consonant, linker):
    """Consonant, linker, consonant are one cluster: the accent is no longer within 6 bytes of the
    second one, and stays."""
    rules = normalizers.Precompiled(charsmap({chr(consonant).encode(): "X"}))
    text = "\u0915" + chr(linker) + chr(consonant) + "\u0301"
    return rules.normalize_str(text).endswith("X\u0301")


def words():
    """What may not stand beside an added token that is a word of its own."""
    token = "\U000f1234\U000f1235"
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0)], unk_id=0, byte_fallback=False))
    tokenizer.add_tokens([AddedToken(token, single_word=True, normalized=False)])
    found = tokenizer.encode_batch([chr(c) + token for c in CHARACTERS])
    return {c for c, encoding in zip(CHARACTERS, found) if 1 not in encoding.ids}


def bert(**switches):
    """What is left of a character between two letters by BertNormalizer with one switch on."""
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    rules = normalizers.BertNormalizer(**{**off, **switches})
    return {c: rules.normalize_str(f"a{chr(c)}b")[1:-1] for c in CHARACTERS}


def bert_dropped():
    return {c for c, left in bert(clean_text=True).items() if left == ""}


def bert_marks():
    return {c for c, left in bert(strip_accents=True).items() if left == ""}


def bert_punctuation():
    words = pre_tokenizers.BertPreTokenizer()
    return {c for c in CHARACTERS if len(words.pre_tokenize_str(f"a{chr(c)}b")) == 3}


def ranges(characters):
    runs = []
    for c in sorted(characters):
        if runs and c == runs[-1][0] + runs[-1][1] and runs[-1][1] < 1 << COUNT_BITS:
            runs[-1][1] += 1
        else:
            runs.append([c, 1])
    return [first << COUNT_BITS | count - 1 for first, count in runs]


def lower():
    """Runs of characters, every `step`-th, whose lower case is `delta` away."""
    rules, runs = normalizers.Lowercase(), []
    for c in CHARACTERS:
        small = rules.normalize_str(chr(c))
        if small == chr(c) or len(small) > 1:  # U+0130 alone becomes two, see unicode.c
            continue
        delta = ord(small) - c
        last = runs[-1] if runs else None
        if last and last[3] == delta and c - last[1] in (1, 2) and last[2] in (0, c - last[1]):
            last[1], last[2] = c, c - last[1]
        else:
            runs.append([c, c, 0, delta])
    return [(first, last, max(step, 1), delta) for first, last, step, delta in runs]


def table(name, values):
    lines = ", ".join(f"{value:#x}" for value in values)
    return f"static const uint32_t {name}[] = {{{lines}}};\n"


def write_bert():
    tables = {"DROPPED": bert_dropped(), "MARK": bert_marks(), "PUNCTUATION": bert_punctuation()}
    text = HEAD
    for name, chars in tables.items():
        text += table(name, ranges(chars))
        text += f"const UnicodeTable UNICODE_BERT_{name} = {{{name}, sizeof {name} / sizeof *{name}}};\n\n"
    BERT_OUT.write_text(text.rstrip() + "\n")
    subprocess.run(["clang-format", "-i", str(BERT_OUT)], check=True)


def main():
    write_bert()
    join = joined()
    extend = having(["GCB=Extend", "GCB=ZWJ"]) & join
    consonant = {c for c in having(["InCB=Consonant"]) if c > 0xFFFF or conjunct(c, 0x94D)}
    linker = {c for c in having(["InCB=Linker"]) if conjunct(0x915, c)}
    tables = {"EXTEND": extend, "SPACING_MARK": join - extend, "PREPEND": having(["GCB=Prepend"]),
              "CONTROL": having(["GCB=Control", "GCB=CR", "GCB=LF"]),
              "PICTOGRAPHIC": having(["Extended_Pictographic"]), "CONSONANT": consonant,
              "LINKER": linker, "WORD": words()}
    text = HEAD + "".join(table(name, ranges(chars)) + "\n" for name, chars in tables.items())
    text += "#define TABLE(name) {name, sizeof name / sizeof *name}\n"
    text += "const UnicodeTable UNICODE_TABLES[UNICODE_CLASSES] = {"
    text += ", ".join(f"[UNICODE_{name}] = TABLE({name})" for name in tables) + "};\n\n"
    rows = lower()
    text += "const UnicodeLower UNICODE_LOWER[UNICODE_LOWERS] = {"
    text += ", ".join("{%#x, %#x, %d, %d}" % row for row in rows) + "};\n"
    OUT.write_text(text)
    subprocess.run(["clang-format", "-i", str(OUT)], check=True)
    print(f"{OUT.name}: {len(text)} bytes, {len(rows)} runs of lower case")


if __name__ == "__main__":
    main()
