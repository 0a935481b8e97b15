/* A tokenizer from a vocab.txt of BERT. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/wordpiece.h"

enum { VOCAB_MAX = 64 << 20 };

/* A switch of tokenizer_config.json that may be null. */
static Status read_switch(const TokenizerConfig *c, const char *key, bool *on, Error *err) {
  return json_has(&c->config, key) ? json_get_bool(&c->config, key, on, err) : STATUS_OK;
}

/* How BertTokenizer of transformers 5 prepares a text. */
static Status read_rules(const TokenizerConfig *c, BertText *how, Error *err) {
  *how = (BertText){.clean = true, .chinese = true, .lowercase = true};
  TRY(read_switch(c, "do_lower_case", &how->lowercase, err));
  TRY(read_switch(c, "tokenize_chinese_chars", &how->chinese, err));
  how->strip_accents = how->lowercase;
  return read_switch(c, "strip_accents", &how->strip_accents, err);
}

static Status add_lines(Pieces *pieces, const char *text, size_t size, const char *path,
                        Error *err) {
  for (const char *end = text + size, *line = text; line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop) stop = end;
    size_t length = (size_t)(stop - line);
    if (length > 0 && line[length - 1] == '\r') length--;
    TRY(pieces_add(pieces, line, length, path, err));
    line = stop + 1;
  }
  return pieces_index(pieces, path, err);
}

Status tokenizer_vocab_read(Tokenizer *t, const char *path, const TokenizerConfig *c, Error *err) {
  char *text;
  size_t size;
  BertText how;
  const char *unknown;
  TRY(file_read(path, VOCAB_MAX, &text, &size, err));
  Status status = add_lines(&t->pieces, text, size, path, err);
  free(text);
  TRY(status);
  TRY(tokenizer_config_name(c, (SpecialName){"unk_token", "[UNK]"}, &unknown, err));
  t->kind = &WORDPIECE;
  TRY(wordpiece_make(&t->model, &t->pieces, unknown, &t->unk, path, err));
  TRY(read_rules(c, &how, err));
  TRY(normalizer_add_bert(&t->normalizer, &how, path, err));
  t->pre_tokenizer = PRE_TOKENIZER_BERT;
  t->tidy = true;
  return added_open(&t->added, &t->pieces, err);
}

/* Classes that take a tokenizer.json by its word. */
static bool is_generic(const TokenizerConfig *c) {
  const char *class = json_string_value(json_object_get(c->config.root, "tokenizer_class"));
  return class && strncmp(class, "Bert", 4) != 0;
}

Status tokenizer_vocab_compare(const Tokenizer *t, const TokenizerConfig *c, Error *err) {
  const Normalizer *n = &t->normalizer;
  BertText how;
  if (!t->from_json || t->kind != &WORDPIECE || is_generic(c)) return STATUS_OK;
  if (n->count != 1 || n->step[0].type != NORMALIZE_BERT) return STATUS_OK;
  TRY(read_rules(c, &how, err));
  const BertText *own = &n->step[0].bert;
  const char *key = own->lowercase != how.lowercase ? "do_lower_case (lowercase)"
                    : own->chinese != how.chinese ? "tokenize_chinese_chars (handle_chinese_chars)"
                    : own->strip_accents != how.strip_accents ? "strip_accents"
                                                              : NULL;
  if (!key) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: %s: is not what BertNormalizer of %s has; transformers believes the "
                   "former; set it there to what the model was trained with",
                   c->config_path, key, t->path);
}
