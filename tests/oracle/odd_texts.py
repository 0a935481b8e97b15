"""Texts that tokenizers read differently, or break on; each with what is odd in it."""

import unicodedata

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\u061c"
CONTROLS = "\x01\x07\x08\x0e\x1b\x1f\x7f\x80\x8f\x9f"
COMPATIBLE = "ﬁ ﬃ ½ ① ² ㎏ ㍿ ﷺ Ａ ｶﾞ ﾊﾟ ℌ ™ … ‥ ㈱ ǆ ſ ﬆ Ⅷ ⅷ ª º ¼ ﬓ ﻻ 豈 ｡ ￥"
WORDS = ["café", "naïve", "tiếng Việt", "각도", "한국어", "ñandú", "Ångström", "q̣̇", "ḍ̇", "क्षि", "हिन्दी",
         "ไทยนี้", "שָׁלוֹם", "العَرَبِيَّة", "日本語が", "Ελλάδα", "ПРИВЕТ", "İstanbul", "straße", "ǅ"]
EMOJI = ["🙂", "👨‍👩‍👧", "🏳️‍🌈", "🇩🇪🇫🇷", "👍🏽", "❤️", "©️", "1️⃣", "🧑🏿‍🚀", "☎︎", "©\u200d™", "❤\u0301"]
TOKENS = ["<pad>", "</s>", "<unk>", "<extra_id_0>", "<extra_id_99>", "<extra_id_100>", "<extra_id_00>",
          "<EXTRA_ID_0>", "<extra_id_0", "< extra_id_0>", "<s>"]


def planes():
    """A character of every plane, its ends, and what stands at the edges of UTF-8's lengths."""
    for plane in range(17):
        yield "".join(chr(plane << 16 | c) for c in (0x41 if plane else 0x100, 0x1000, 0xFDF0, 0xFFFE))
    yield "\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"


def rows():
    yield from ["", " ", "  ", "\n", "a", " a", "a ", "  a  b  ", "a\tb\nc\r\nd", "x" * 300, "\u2581", "\u2581a b"]
    yield from planes()
    for text in WORDS + EMOJI + COMPATIBLE.split():
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            yield unicodedata.normalize(form, text)
        yield "a" + text + "b " + text
    yield from (form for text in WORDS for form in [text.upper(), text.lower()])
    for c in SPACES + ZERO_WIDTH + CONTROLS:
        yield from [c, "a" + c + "b", c + "a", "a" + c, "a" + c + " b", c * 3 + "the" + c * 2, "<extra_id_1>" + c + "a"]
    for token in TOKENS:
        yield from [token, "the " + token + " map", "the" + token + "map", token * 2, token + " " + token,
                    " " + token + " ", token + ".", "é" + token + "é"]
    marks = ["\u0300", "\u0301", "\u0323", "\u0327", "\u0345", "\u05b0", "\u064b", "\u093c", "\u0e31", "\u20dd",
             "\u3099", "\ufe0f", "\u200d", "\u200c", "\U0001f3fb", "\U000e0100"]
    for base in ["e", "q", "é", "ﬁ", "½", "Å", "क", "क़", "日", "ガ", "ᄀ", "가", "\u0600", "\u0d4e", "\n", "🙂"]:
        for mark in marks:
            yield from [base + mark, base + mark + "\u0301", "a" + base + mark + "b"]
    yield from ["क्क\u0301", "क्क़\u0301", "가\u0301", "각\u0301", "\u06001", "🇩🇪\u0301🇫", "\r\n\u0301", "a\r\nb"]
    yield "\ufeffthe map of the harbour"
    yield "\ue000\uf8ff\U000f0000"


def texts():
    """All of them, once each, in order."""
    return list(dict.fromkeys(rows()))


def long_texts():
    return ["x" * 100_000, "e\u0301" * 50_000, "日本" * 17_000, "<extra_id_3>" * 9_000, "🙂" * 25_000, "\u0301" * 50_000,
            "the map " * 12_500, " " * 100_000, "<" * 100_000]
