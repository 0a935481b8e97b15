/* Texts of ids. */
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unicode.h"
#include "data/tokenizer/wordpiece.h"

/* The text of an id as it is decoded; NULL for what is left out. Special is what reads like a
 * special token, as in `tokenizers`. */
static const char *shown_text(const Tokenizer *t, int64_t id) {
  const char *text = tokenizer_piece(t, id);
  if (!text) return NULL;
  const AddedToken *same = added_at(&t->added, added_find(&t->added, text, strlen(text)));
  return same && same->special ? NULL : text;
}

/* Marks become blanks; in the first token they go, unless none was put before it. */
static Status add_shown(const Metaspace *m, const char *text, bool first, TokenText *out,
                        Error *err) {
  size_t mark = strlen(m->replacement), size;
  bool drop = first && m->scheme != PREPEND_NEVER;
  for (const char *p = text; *p; p += size) {
    size = utf8_size(p);
    bool is_mark = size == mark && memcmp(p, m->replacement, mark) == 0;
    if (is_mark && drop) continue;
    TRY(is_mark ? text_add(out, " ", 1, err) : text_add(out, p, size, err));
  }
  return STATUS_OK;
}

/* Words stand apart, and what continues one goes on. */
static Status add_piece(const Tokenizer *t, const char *text, bool first, TokenText *out,
                        Error *err) {
  bool rest = !first && strncmp(text, "##", 2) == 0;
  bool close = t->tidy && *text && !text[1] && strchr(".?!,", *text);
  if (!first && !rest && !close) TRY(text_add(out, " ", 1, err));
  if (rest) text += 2;
  return text_add(out, text, strlen(text), err);
}

/* What clean_up_tokenization of transformers does, in its order. */
static void clean_up(char *text) {
  static const char *const RULES[][2] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
    size_t from = strlen(RULES[i][0]), to = strlen(RULES[i][1]);
    char *out = text;
    for (const char *p = text; *p;) {
      bool match = strncmp(p, RULES[i][0], from) == 0;
      if (match) memcpy(out, RULES[i][1], to);
      if (!match) *out = *p;
      p += match ? from : 1;
      out += match ? to : 1;
    }
    *out = '\0';
  }
}

Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, int64_t count, char **text,
                        Error *err) {
  *text = NULL;
  TokenText out = {0};
  bool first = true;
  Status status = STATUS_OK;
  for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
    const char *shown = shown_text(t, ids[i]);
    if (!shown) continue;
    status = t->kind == &WORDPIECE ? add_piece(t, shown, first, &out, err)
                                   : add_shown(&t->decoder, shown, first, &out, err);
    first = false;
  }
  if (status == STATUS_OK) status = text_add(&out, "", 1, err); /* its NUL */
  if (status != STATUS_OK) {
    text_free(&out);
    return status;
  }
  if (t->clean_up) clean_up(out.text);
  *text = out.text;
  return STATUS_OK;
}
