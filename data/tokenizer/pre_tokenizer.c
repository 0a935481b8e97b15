#include "data/tokenizer/pre_tokenizer.h"

#include <string.h>

#include "data/tokenizer/bert_text.h"
#include "data/tokenizer/unicode.h"

#define WORD_MARK "\xe2\x96\x81" /* U+2581 */

const PreTokenizer PRE_TOKENIZER_T5 = {
    .step = {{.type = CUT_AT_SPACES}, {CUT_BY_METASPACE, {WORD_MARK, PREPEND_ALWAYS, true}}},
    .count = 2};
const PreTokenizer PRE_TOKENIZER_BERT = {.step = {{.type = CUT_AS_BERT}}, .count = 1};

/* Reading. */

static Status field_error(const char *path, const char *where, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: %s: %s", path, where, what);
}

static Status read_scheme(Metaspace *m, const json_t *json, const char *path, const char *where,
                          Error *err) {
  static const char *const NAMES[] = {"always", "first", "never"};
  const json_t *scheme = json_object_get(json, "prepend_scheme");
  const char *name = scheme ? json_string_value(scheme) : NAMES[PREPEND_ALWAYS];
  for (int i = 0; name && i < 3; i++) {
    if (strcmp(name, NAMES[i]) != 0) continue;
    m->scheme = (PrependScheme)i;
    if (!json_is_false(json_object_get(json, "add_prefix_space"))) return STATUS_OK;
    if (m->scheme == PREPEND_NEVER) return STATUS_OK;
    return field_error(path, where, "add_prefix_space contradicts prepend_scheme", err);
  }
  return field_error(path, where, "prepend_scheme is not always, first or never", err);
}

Status metaspace_read(Metaspace *m, const json_t *json, const char *path, const char *where,
                      Error *err) {
  const json_t *text = json_object_get(json, "replacement"),
               *split = json_object_get(json, "split");
  size_t size = json_string_length(text);
  *m = (Metaspace){.split = !json_is_false(split)};
  if (!json_is_string(text) || size == 0 || utf8_size(json_string_value(text)) != size) {
    return field_error(path, where, "replacement is not one character", err);
  }
  if (split && !json_is_boolean(split) && !json_is_null(split)) {
    return field_error(path, where, "split is no boolean", err);
  }
  memcpy(m->replacement, json_string_value(text), size);
  return read_scheme(m, json, path, where, err);
}

static Status read_step(PreTokenizer *p, const json_t *json, bool inside, const char *path,
                        Error *err) {
  static const char where[] = "pre_tokenizer";
  const char *type = json_string_value(json_object_get(json, "type"));
  if (!type) return field_error(path, where, "a step has no \"type\"", err);
  if (strcmp(type, "Sequence") == 0 && !inside) {
    const json_t *list = json_object_get(json, "pretokenizers");
    if (!json_is_array(list)) return field_error(path, where, "pretokenizers is no list", err);
    for (size_t i = 0; i < json_array_size(list); i++)
      TRY(read_step(p, json_array_get(list, i), true, path, err));
    return STATUS_OK;
  }
  if (p->count == PRE_STEPS_MAX) return field_error(path, where, "has more than 8 steps", err);
  if (strcmp(type, "WhitespaceSplit") == 0 || strcmp(type, "BertPreTokenizer") == 0) {
    p->step[p->count++].type = *type == 'B' ? CUT_AS_BERT : CUT_AT_SPACES;
    return STATUS_OK;
  }
  if (strcmp(type, "Metaspace") == 0) {
    p->step[p->count].type = CUT_BY_METASPACE;
    return metaspace_read(&p->step[p->count++].how, json, path, where, err);
  }
  return error_set(err, STATUS_INPUT, "%s: pre_tokenizer: '%.100s' is not supported", path, type);
}

Status pre_tokenizer_read(PreTokenizer *p, const json_t *json, const char *path, Error *err) {
  *p = (PreTokenizer){0};
  return !json || json_is_null(json) ? STATUS_OK : read_step(p, json, false, path, err);
}

/* Cutting. Every step hands its parts to the next one. */

typedef struct Cutting {
  const PreTokenizer *p;
  Status (*word)(void *arg, TextPart word, Error *err);
  void *arg;
} Cutting;

static Status cut(const Cutting *c, int step, TextPart part, Error *err);

static Status split_at_spaces(const Cutting *c, int step, TextPart part, Error *err) {
  size_t from = 0, size;
  for (size_t at = 0; at < part.size; at += size) {
    if (!unicode_is_space(utf8_read(part.text + at, &size))) continue;
    TRY(cut(c, step + 1, text_part(part, from, at), err));
    from = at + size;
  }
  return cut(c, step + 1, text_part(part, from, part.size), err);
}

static Status split_as_bert(const Cutting *c, int step, TextPart part, Error *err) {
  for (size_t at = 0, size; at < part.size; at += size) {
    size = bert_word_size(part.text + at, part.size - at);
    if (size == 0) {
      size = utf8_size(part.text + at);
    } else {
      TRY(cut(c, step + 1, text_part(part, at, at + size), err));
    }
  }
  return STATUS_OK;
}

/* The part with marks for its blanks and at its beginning. A mark comes from where the blank, or
 * the first character, comes from. */
static Status mark_words(const Metaspace *m, TextPart part, TokenText *to, Error *err) {
  size_t mark = strlen(m->replacement);
  bool marked =
      part.text[0] == ' ' || (part.size >= mark && memcmp(part.text, m->replacement, mark) == 0);
  bool prepend = m->scheme == PREPEND_ALWAYS || (m->scheme == PREPEND_FIRST && part.head > 0);
  if (prepend && !marked) TRY(text_add(to, m->replacement, mark, err));
  for (size_t at = 0; at < part.size;) {
    size_t size = utf8_size(part.text + at);
    bool blank = part.text[at] == ' ';
    TRY(text_add(to, blank ? m->replacement : part.text + at, blank ? mark : size, err));
    at += size;
    if (at - 1 < part.head) to->head = to->size;
  }
  return STATUS_OK;
}

static Status split_at_marks(const Cutting *c, int step, TextPart part, Error *err) {
  const Metaspace *m = &c->p->step[step].how;
  size_t mark = strlen(m->replacement), from = 0;
  for (size_t at = m->split ? 0 : part.size; at < part.size; at += utf8_size(part.text + at)) {
    if (part.size - at < mark || memcmp(part.text + at, m->replacement, mark) != 0) continue;
    TRY(cut(c, step + 1, text_part(part, from, at), err));
    from = at;
  }
  return cut(c, step + 1, text_part(part, from, part.size), err);
}

static Status cut(const Cutting *c, int step, TextPart part, Error *err) {
  if (part.size == 0) return STATUS_OK;
  if (step == c->p->count) return c->word(c->arg, part, err);
  PreTokenizerType type = c->p->step[step].type;
  if (type == CUT_AT_SPACES) return split_at_spaces(c, step, part, err);
  if (type == CUT_AS_BERT) return split_as_bert(c, step, part, err);
  TokenText marked = {0};
  Status status = mark_words(&c->p->step[step].how, part, &marked, err);
  if (status == STATUS_OK) status = split_at_marks(c, step, text_whole(&marked), err);
  text_free(&marked);
  return status;
}

Status pre_tokenizer_apply(const PreTokenizer *p, TextPart part,
                           Status (*word)(void *arg, TextPart word, Error *err), void *arg,
                           Error *err) {
  return cut(&(Cutting){p, word, arg}, 0, part, err);
}
