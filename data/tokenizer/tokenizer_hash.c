/* What makes a tokenizer the one it is. */
#include <stdio.h>

#include "data/tokenizer/tokenizer_internal.h"

static void add_numbers(Hash *hash, const int64_t *number, size_t count) {
  hash_add(hash, number, count * sizeof *number);
}

static void add_text(Hash *hash, const char *text) {
  hash_add_string(hash, text ? text : "");
}

static void add_pieces(Hash *hash, const Tokenizer *t) {
  add_text(hash, t->kind->name);
  for (int32_t i = 0; i < t->pieces.count; i++) add_text(hash, t->pieces.piece[i].text);
  t->kind->hash(t->model, hash);
}

static void add_metaspace(Hash *hash, const Metaspace *m) {
  add_text(hash, m->replacement);
  add_numbers(hash, (int64_t[]){m->scheme, m->split}, 2);
}

static void add_steps(Hash *hash, const Tokenizer *t) {
  for (size_t i = 0; i < t->normalizer.count; i++) {
    const NormalizerStep *s = &t->normalizer.step[i];
    add_numbers(hash, (int64_t[]){s->type, s->left, s->right, (int64_t)s->repeated}, 4);
    add_numbers(hash, &(int64_t){(int64_t)s->charsmap.size}, 1);
    if (s->type == NORMALIZE_BERT) {
      const BertText *b = &s->bert;
      add_numbers(hash, (int64_t[]){b->clean, b->chinese, b->strip_accents, b->lowercase}, 4);
    }
    if (s->charsmap.size) hash_add(hash, s->charsmap.data, s->charsmap.size);
    add_text(hash, s->pattern);
    add_text(hash, s->content);
  }
  for (int i = 0; i < t->pre_tokenizer.count; i++) {
    add_numbers(hash, &(int64_t){t->pre_tokenizer.step[i].type}, 1);
    add_metaspace(hash, &t->pre_tokenizer.step[i].how);
  }
  add_metaspace(hash, &t->decoder);
}

static void add_tokens(Hash *hash, const Tokenizer *t) {
  for (int32_t id = 0; id < t->added.ids; id++) {
    const AddedToken *a = added_at(&t->added, id);
    if (!a) continue;
    add_text(hash, a->text);
    add_numbers(hash,
                (int64_t[]){a->id, a->special, a->normalized, a->lstrip, a->rstrip, a->single_word},
                6);
  }
}

Status tokenizer_fingerprint(const Tokenizer *t, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "%s: out of memory", t->path);
  add_pieces(hash, t);
  add_steps(hash, t);
  add_tokens(hash, t);
  add_numbers(hash, (int64_t[]){t->eos, t->pad, t->unk, t->clean_up}, 4);
  if (t->begin >= 0) add_numbers(hash, (int64_t[]){t->begin, t->tidy}, 2);
  hash_finish(hash, hex);
  return STATUS_OK;
}
