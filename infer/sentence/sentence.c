#include "infer/sentence/sentence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "data/tokenizer/tokenizer.h"
#include "infer/sentence/sentence_config.h"
#include "infer/sentence/sentence_modules.h"
#include "infer/sentence/sentence_texts.h"

/* Tokens that go through the model together. */
enum { BATCH_TOKENS = 2048, SAMPLE_BYTES = 4096, VERSION = 1 };

struct Sentence {
  Bert model;
  Tokenizer *tokenizer;
  SentenceModules modules;
  SentenceConfig config;
  Pooling pooling;
  int64_t skip;        /* tokens of the prefix, and of what begins a text */
  int64_t pooled, dim; /* columns of pooled vectors; of those that come out */
  bool resized;        /* coordinates are normalised before they are cut (nomic-bert) */
  int threads;
  Arena *arena;
  int64_t cut;
  char fingerprint[HASH_HEX];
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a sentence encoder");
}

/* ---- opening ---- */

static Status read_pooling(Sentence *s, Error *err) {
  s->pooling = POOLING_DEFAULT;
  if (!s->modules.pooling) return STATUS_OK;
  JsonDoc doc = {0};
  TRY(json_parse_file(&doc, s->modules.pooling, 1 << 20, err));
  Status status = pooling_read(&s->pooling, &doc, s->model.config.width, err);
  json_free(&doc);
  return status;
}

static Status open_tokenizer(Sentence *s, Error *err) {
  TRY(tokenizer_open(&s->tokenizer, s->modules.transformer, err));
  if (s->config.lowercase) TRY(tokenizer_lower_first(s->tokenizer, err));
  if (tokenizer_size(s->tokenizer) > s->model.config.vocab_size) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: vocabulary of %" PRId32 " ids is larger than the embedding of %" PRId64
                     " rows; use the tokenizer of this model",
                     tokenizer_path(s->tokenizer), tokenizer_size(s->tokenizer),
                     s->model.config.vocab_size);
  }
  return sentence_prefix_tokens(s->tokenizer, s->config.prefix, s->config.longest, &s->skip, err);
}

static Status set_dimensions(Sentence *s, const char *dir, Error *err) {
  int64_t asked = s->config.dimensions;
  s->pooled = s->pooling.modes * s->model.config.width;
  s->dim = s->pooled;
  TRY(sentence_modules_width(&s->modules, &s->dim, err));
  if (asked > s->dim) {
    return error_set(err, STATUS_USAGE, "%s: dimensions: is %" PRId64 ", and vectors have %" PRId64,
                     dir, asked, s->dim);
  }
  s->resized = asked && asked < s->dim && s->model.config.family == FAMILY_NOMIC;
  for (int i = 0; s->resized && i < s->modules.steps; i++) {
    if (!s->modules.step[i].dense) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: dimensions: those of a nomic-bert with a Dense behind it are not defined",
                     dir);
  }
  if (asked) s->dim = asked;
  return STATUS_OK;
}

static void hash_weights(Hash *hash, const Weights *w) {
  for (size_t i = 0; i < weights_count(w); i++) {
    const TensorEntry *t = weights_entry(w, i);
    size_t head = t->size < SAMPLE_BYTES ? t->size : SAMPLE_BYTES;
    hash_add_string(hash, t->name);
    hash_add_string(hash, t->dtype);
    hash_add(hash, t->shape, (size_t)t->rank * sizeof *t->shape);
    hash_add(hash, t->data, head);
    hash_add(hash, t->data + t->size - head, head);
  }
}

static void hash_numbers(Hash *hash, const double *number, size_t count) {
  hash_add(hash, number, count * sizeof *number);
}

static void hash_steps(Hash *hash, const Sentence *s) {
  for (int i = 0; i < s->pooling.modes; i++) hash_numbers(hash, &(double){s->pooling.mode[i]}, 1);
  for (int i = 0; i < s->modules.steps; i++) {
    const SentenceStep *step = &s->modules.step[i];
    hash_numbers(hash, (double[]){step->dense, step->how.act, step->how.identity}, 3);
    if (step->dense) hash_weights(hash, step->how.weights);
  }
}

static Status set_fingerprint(Sentence *s, Error *err) {
  char tokenizer[HASH_HEX];
  const BertConfig *c = &s->model.config;
  TRY(tokenizer_fingerprint(s->tokenizer, tokenizer, err));
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  hash_numbers(hash,
               (double[]){VERSION, c->family, c->heads, c->layers, c->act, c->gated, c->rotary_base,
                          c->norm_eps, (double)s->config.longest, (double)s->dim, s->resized,
                          s->pooling.include_prompt},
               12);
  hash_add_string(hash, tokenizer);
  hash_add_string(hash, s->config.prefix);
  hash_weights(hash, s->model.weights);
  hash_steps(hash, s);
  hash_finish(hash, s->fingerprint);
  return STATUS_OK;
}

static Status open_parts(Sentence *s, const SentenceSettings *settings, Error *err) {
  const char *dir = settings->dir;
  s->threads = settings->threads;
  s->arena = arena_new();
  if (!s->arena) return no_memory(err);
  TRY(sentence_modules_open(&s->modules, dir, err));
  TRY(bert_open(&s->model, s->modules.transformer, err));
  TRY(sentence_config_read(&s->config, settings, s->modules.transformer, &s->model.config, err));
  TRY(read_pooling(s, err));
  TRY(open_tokenizer(s, err));
  TRY(set_dimensions(s, dir, err));
  return set_fingerprint(s, err);
}

Status sentence_open(Sentence **out, const SentenceSettings *settings, Error *err) {
  *out = NULL;
  Sentence *s = calloc(1, sizeof *s);
  if (!s) return no_memory(err);
  Status status = open_parts(s, settings, err);
  if (status == STATUS_OK) {
    *out = s;
  } else {
    sentence_close(s);
  }
  return status;
}

void sentence_close(Sentence *s) {
  if (!s) return;
  tokenizer_close(s->tokenizer);
  sentence_config_free(&s->config);
  bert_close(&s->model);
  sentence_modules_close(&s->modules);
  arena_free(s->arena);
  free(s);
}

int64_t sentence_dim(const Sentence *s) {
  return s->dim;
}

int64_t sentence_longest(const Sentence *s) {
  return s->config.longest;
}

int64_t sentence_cut(const Sentence *s) {
  return s->cut;
}

const char *sentence_fingerprint(const Sentence *s) {
  return s->fingerprint;
}

const char *sentence_prefix(const Sentence *s) {
  return s->config.prefix;
}

const char *sentence_note(const Sentence *s) {
  return s->config.note;
}

/* ---- embedding ---- */

typedef struct PoolingTask {
  const Sentence *s;
  const Tensor *states;
  Ragged rows;
  Tensor *out;
} PoolingTask;

static void pool_text(void *arg, int64_t text, int worker) {
  (void)worker;
  const PoolingTask *p = arg;
  pooling_apply(&p->s->pooling, p->states->data + p->rows.offset[text] * p->states->cols,
                ragged_length(p->rows, text), p->states->cols, p->s->skip,
                p->out->data + text * p->out->cols);
}

static Tensor *pool_states(Context *c, const Sentence *s, Tensor *states, Ragged rows) {
  if (!states) return NULL;
  Tensor *y = tensor_new(c, rows.count, s->pooled);
  PoolingTask task = {s, states, rows, y};
  if (y) parallel_for(c->threads, rows.count, pool_text, &task);
  return y;
}

/* The leading columns. */
static Tensor *cut_columns(Context *c, const Tensor *x, int64_t cols) {
  Tensor *y = tensor_new(c, x->rows, cols);
  for (int64_t r = 0; y && r < x->rows; r++)
    memcpy(y->data + r * cols, x->data + r * x->cols, (size_t)cols * sizeof *y->data);
  return y;
}

/* Layer norm without weights over all coordinates, and length 1 of those that stay. */
static Tensor *resize(Context *c, Tensor *x, int64_t cols) {
  Tensor *one = tensor_new(c, 1, x->cols), *zero = one ? tensor_new(c, 1, x->cols) : NULL;
  if (!zero) return NULL;
  for (int64_t i = 0; i < x->cols; i++) {
    one->data[i] = 1;
    zero->data[i] = 0;
  }
  x = op_layer_norm(c, x, one, zero, 1e-5f);
  Tensor *y = x ? cut_columns(c, x, cols) : NULL;
  if (y) sentence_normalise(y);
  return y;
}

static Tensor *vectors_of(Context *c, Sentence *s, const int32_t *ids, Ragged rows) {
  Tensor *x = pool_states(c, s, bert_forward(c, &s->model, ids, rows), rows);
  if (x && s->resized) return resize(c, x, s->dim);
  x = x ? sentence_steps_forward(c, &s->modules, x) : NULL;
  return x && x->cols > s->dim ? cut_columns(c, x, s->dim) : x;
}

/* Texts [from, to) in the order of their lengths. */
static Status embed_batch(Sentence *s, const SentenceTexts *texts, int64_t from, int64_t to,
                          float *out, Error *err) {
  Context c = context_make(s->arena, NULL, s->threads, err);
  ArenaMark mark = arena_mark(s->arena);
  Ragged rows;
  const int32_t *ids = sentence_texts_pack(&c, texts, from, to, &rows);
  Tensor *y = ids ? vectors_of(&c, s, ids, rows) : NULL;
  for (int64_t i = 0; y && i < rows.count; i++) {
    int64_t text = texts->order[from + i].text;
    memcpy(out + text * s->dim, y->data + i * s->dim, (size_t)s->dim * sizeof *out);
  }
  arena_release(s->arena, mark);
  return err->status;
}

static Status embed_texts(Sentence *s, const SentenceTexts *texts, float *out, Error *err) {
  for (int64_t from = 0, to; from < texts->count; from = to) {
    int64_t tokens = texts->order[from].tokens;
    for (to = from + 1; to < texts->count && tokens + texts->order[to].tokens <= BATCH_TOKENS; to++)
      tokens += texts->order[to].tokens;
    TRY(embed_batch(s, texts, from, to, out, err));
  }
  return STATUS_OK;
}

Status sentence_embed(Sentence *s, const char *const *text, int64_t count, float *out,
                      int64_t *failed, Error *err) {
  SentenceTexts texts = {.tokenizer = s->tokenizer,
                         .prefix = s->config.prefix,
                         .longest = s->config.longest,
                         .prefix_tokens = s->skip,
                         .text = text,
                         .count = count};
  Status status = sentence_texts_read(&texts, s->threads, failed, err);
  if (status == STATUS_OK) {
    s->cut += texts.cut;
    status = embed_texts(s, &texts, out, err);
  }
  sentence_texts_free(&texts);
  return status;
}
