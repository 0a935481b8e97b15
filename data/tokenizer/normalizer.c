#include "data/tokenizer/normalizer.h"

#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/unicode.h"

/* Longer clusters are not asked for as a whole: the rule of the library `tokenizers`. */
enum { CLUSTER_BYTES = 6 };

void normalizer_free(Normalizer *n) {
  for (size_t i = 0; i < n->count; i++) {
    charsmap_close(&n->step[i].charsmap);
    free(n->step[i].pattern);
    free(n->step[i].content);
  }
  free(n->step);
  *n = (Normalizer){0};
}

/* A text that is rewritten character by character, while it is followed where each new one comes
 * from.
 *
 * This is the bookkeeping of `tokenizers` (NormalizedString::transform), and must stay it: a new
 * character has a number, `change`. 0 or less: it stands for the next character of the old text,
 * and -change more were dropped behind that one; 1: it was put in, and comes from where the one
 * before it comes from. What is dropped before anything is written is not counted, and from then on
 * the places lag behind. The last character waits, since its number may still fall. */
typedef struct Rewrite {
  TextPart from;
  size_t at; /* the first byte of `from` that is not accounted for */
  TokenText to;
  size_t waiting; /* bytes of the last character; 0: there is none */
  int change;     /* its number */
} Rewrite;

static size_t skip_character(const Rewrite *w, size_t at) {
  return at < w->from.size ? at + utf8_size(w->from.text + at) : at;
}

/* Accounts for the character that waits. */
static void settle(Rewrite *w) {
  if (w->waiting == 0) return;
  size_t place = w->change > 0 && w->at > 0 ? w->at - 1 : w->at;
  if (place < w->from.head) w->to.head = w->to.size;
  if (w->change <= 0) w->at = skip_character(w, w->at);
  for (int i = 0; i < -w->change; i++) w->at = skip_character(w, w->at);
  w->waiting = 0;
}

static Status rewrite_put(Rewrite *w, const char *character, size_t size, int change, Error *err) {
  settle(w);
  w->waiting = size;
  w->change = change;
  return text_add(&w->to, character, size, err);
}

static int count_characters(const char *text, size_t size) {
  int count = 0;
  for (size_t i = 0; i < size; i += utf8_size(text + i)) count++;
  return count;
}

/* `size` bytes of the old text become `length` bytes. */
static Status rewrite_part(Rewrite *w, const char *old, size_t size, const char *text,
                           size_t length, Error *err) {
  int kept = count_characters(old, size), count = count_characters(text, length), i = 0;
  for (size_t at = 0; at < length; i++) {
    size_t n = utf8_size(text + at);
    TRY(rewrite_put(w, text + at, n, i < kept ? 0 : 1, err));
    at += n;
  }
  if (count < kept && w->waiting) w->change -= kept - count;
  return STATUS_OK;
}

static Status apply_rules(const Charsmap *rules, Rewrite *w, Error *err) {
  const char *end = w->from.text + w->from.size;
  for (const char *p = w->from.text; p < end;) {
    size_t cluster = grapheme_size(p, end), length;
    const char *text = cluster < CLUSTER_BYTES ? charsmap_find(rules, p, cluster, &length) : NULL;
    if (text) {
      TRY(rewrite_part(w, p, cluster, text, length, err));
      p += cluster;
      continue;
    }
    for (const char *stop = p + cluster; p < stop;) {
      size_t size = utf8_size(p);
      text = charsmap_find(rules, p, size, &length);
      TRY(text ? rewrite_part(w, p, size, text, length, err) : rewrite_put(w, p, size, 0, err));
      p += size;
    }
  }
  return STATUS_OK;
}

static Status apply_lowercase(Rewrite *w, Error *err) {
  for (size_t at = 0, size; at < w->from.size; at += size) {
    char lower[4];
    uint32_t c = utf8_read(w->from.text + at, &size);
    TRY(rewrite_put(w, lower, utf8_write(unicode_lower(c), lower), 0, err));
    if (c == 0x130) TRY(rewrite_put(w, "\xcc\x87", 2, 1, err));
  }
  return STATUS_OK;
}

/* Bytes at the beginning of a text that a pattern takes; 0: none. */
static size_t match_pattern(const NormalizerStep *s, const char *text, size_t size) {
  size_t n = strlen(s->pattern), count = 0, at = 0;
  while (size - at >= n && memcmp(text + at, s->pattern, n) == 0) {
    at += n;
    count++;
    if (s->repeated == 0) break;
  }
  return count > 0 && count >= s->repeated ? at : 0;
}

/* What is put in comes from where the last byte of what it replaces comes from. */
static Status apply_replace(const NormalizerStep *s, TextPart from, TokenText *to, Error *err) {
  for (size_t at = 0; at < from.size;) {
    size_t taken = match_pattern(s, from.text + at, from.size - at);
    size_t size = taken ? taken : utf8_size(from.text + at);
    TRY(taken ? text_add(to, s->content, strlen(s->content), err)
              : text_add(to, from.text + at, size, err));
    at += size;
    if (at - 1 < from.head) to->head = to->size;
  }
  return STATUS_OK;
}

static Status apply_strip(const NormalizerStep *s, TextPart from, TokenText *to, Error *err) {
  size_t low = 0, high = from.size, size;
  while (s->left && low < high && unicode_is_space(utf8_read(from.text + low, &size))) low += size;
  while (s->right && high > low) {
    size_t last = (size_t)(utf8_back(from.text + high) - from.text);
    if (!unicode_is_space(utf8_read(from.text + last, &size))) break;
    high = last;
  }
  TextPart kept = text_part(from, low, high);
  to->head = kept.head;
  return text_add(to, kept.text, kept.size, err);
}

static Status apply_prepend(const NormalizerStep *s, TextPart from, TokenText *to, Error *err) {
  if (from.size == 0) return STATUS_OK;
  TRY(text_add(to, s->content, strlen(s->content), err));
  to->head = from.head ? from.head + to->size : 0;
  return text_add(to, from.text, from.size, err);
}

static Status apply_step(const NormalizerStep *s, TextPart from, TokenText *to, Error *err) {
  if (s->type == NORMALIZE_REPLACE) return apply_replace(s, from, to, err);
  if (s->type == NORMALIZE_STRIP) return apply_strip(s, from, to, err);
  if (s->type == NORMALIZE_PREPEND) return apply_prepend(s, from, to, err);
  if (s->type == NORMALIZE_BERT) return bert_text_apply(&s->bert, from, to, err);
  Rewrite w = {.from = from};
  Status status = s->type == NORMALIZE_LOWERCASE ? apply_lowercase(&w, err)
                                                 : apply_rules(&s->charsmap, &w, err);
  settle(&w);
  *to = w.to;
  return status;
}

Status normalizer_apply(const Normalizer *n, TextPart part, TokenText *out, Error *err) {
  *out = (TokenText){.head = part.head};
  if (n->count == 0) return text_add(out, part.text, part.size, err);
  Status status = STATUS_OK;
  for (size_t i = 0; i < n->count && status == STATUS_OK; i++) {
    TokenText next = {0};
    status = apply_step(&n->step[i], i ? text_whole(out) : part, &next, err);
    text_free(out);
    *out = next;
  }
  if (status != STATUS_OK) text_free(out);
  return status;
}
