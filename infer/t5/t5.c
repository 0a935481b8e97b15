#include "infer/t5/t5.h"

#include <assert.h>
#include <string.h>

#include "autograd/product/matmul.h"
#include "data/examples/batch.h"
#include "infer/t5/t5_cache.h"

/* What the queries of cross-attention read: sequences one after another that read the same example
 * are one sequence there, since no query sees another's. */
typedef struct Reading {
  Ragged queries;
  const RowSpan *span; /* [queries.count] rows of the encoder's states, or the example of a cache */
} Reading;

/* What a decoder reads beside its own rows: the encoder's states, or what a cache keeps of them. */
typedef struct DecoderInput {
  Tensor *encoded; /* [Tin, d_model]; without a cache */
  Rows input;      /* of `encoded` */
  Reading read;    /* span NULL: each sequence its own of `encoded` */
  T5Cache *cache;  /* or NULL */
} DecoderInput;

/* One pass through a stack. */
typedef struct StackPass {
  const T5Run *run;
  T5Stack *stack;
  Rows own;                    /* rows of the hidden states */
  const DecoderInput *decoder; /* NULL: the encoder */
} StackPass;

/* One block of it, from hidden states x [T, d_model]. */
typedef struct BlockPass {
  const StackPass *pass;
  int layer;
  Tensor *x;
} BlockPass;

static T5Block *block_of(const BlockPass *b) {
  return &b->pass->stack->block[b->layer];
}

static Tensor *norm_forward(Context *c, const T5Run *run, Tensor *w, Tensor *x) {
  return op_rms_norm(c, x, w, (float)run->model->config.norm_eps);
}

/* y through the last linear of a sublayer, added to x. */
static Tensor *add_output(Context *c, const StackPass *p, Linear *l, Tensor *x, Tensor *y) {
  return op_add(c, x, linear_forward(c, l, p->run->adapters, &p->own, y));
}

static AttentionSpec self_spec(const StackPass *p) {
  const T5Config *config = &p->run->model->config;
  return (AttentionSpec){.heads = config->heads,
                         .q = p->own.sequence,
                         .k = p->own.sequence,
                         .causal = p->decoder != NULL,
                         .buckets = config->buckets,
                         .max_distance = config->max_distance,
                         .bidirectional = !p->decoder};
}

/* x + o(attention(q(n), k(n), v(n))), n = norm(x) */
static Tensor *attend_self(Context *c, const BlockPass *b, Tensor *x) {
  const StackPass *p = b->pass;
  T5Attention *a = &block_of(b)->self;
  T5Cache *cache = p->decoder ? p->decoder->cache : NULL;
  AttentionSpec spec = self_spec(p);
  Tensor *qkv[3], *y;
  linear_forward_all(c, (Linear *[]){a->q, a->k, a->v}, 3, p->run->adapters, &p->own,
                     norm_forward(c, p->run, &a->norm, x), qkv);
  if (cache) {
    AttentionCache *kept = &cache->layer[b->layer].self;
    spec.k_span = cache->span;
    attention_cache_append(c, kept, p->own.sequence, cache->length, qkv[1], qkv[2]);
    y = op_attention_cached(c, qkv[0], kept, &p->stack->bias, &spec);
  } else {
    y = op_attention(c, qkv[0], qkv[1], qkv[2], &p->stack->bias, &spec);
  }
  return add_output(c, p, a->o, x, y);
}

/* x + o(attention(q(norm(x)), k(encoded), v(encoded))) */
static Tensor *attend_cross(Context *c, const BlockPass *b, Tensor *x) {
  const StackPass *p = b->pass;
  const DecoderInput *d = p->decoder;
  T5Attention *a = &block_of(b)->cross;
  AttentionSpec spec = {.heads = p->run->model->config.heads,
                        .q = d->read.span ? d->read.queries : p->own.sequence,
                        .k = d->input.sequence,
                        .k_span = d->read.span};
  Tensor *n = norm_forward(c, p->run, &a->norm, x);
  Tensor *q = linear_forward(c, a->q, p->run->adapters, &p->own, n), *kv[2], *y;
  if (d->cache) {
    y = op_attention_cached(c, q, &d->cache->layer[b->layer].cross, NULL, &spec);
  } else {
    linear_forward_all(c, (Linear *[]){a->k, a->v}, 2, p->run->adapters, &d->input, d->encoded, kv);
    y = op_attention(c, q, kv[0], kv[1], NULL, &spec);
  }
  return add_output(c, p, a->o, x, y);
}

/* x + wo(act(wi n)) or x + wo(act(wi_0 n) * wi_1 n), n = norm(x) */
static Tensor *feed_forward(Context *c, const BlockPass *b, Tensor *x) {
  const StackPass *p = b->pass;
  T5FeedForward *f = &block_of(b)->ff;
  Act act = p->run->model->config.act;
  Tensor *h[2];
  linear_forward_all(c, (Linear *[]){f->wi_0, f->wi_1}, f->wi_1 ? 2 : 1, p->run->adapters, &p->own,
                     norm_forward(c, p->run, &f->norm, x), h);
  h[0] = f->wi_1 ? op_gated_act(c, act, h[0], h[1]) : op_act(c, act, h[0]);
  return add_output(c, p, f->wo, x, h[0]);
}

static Tensor *block_body(Context *c, void *arg) {
  const BlockPass *b = arg;
  Tensor *x = attend_self(c, b, b->x);
  if (b->pass->decoder) x = attend_cross(c, b, x);
  return feed_forward(c, b, x);
}

/* Without a tape the result takes the place of the input, so that depth costs no memory. */
static Tensor *run_in_place(Context *c, BlockPass *b) {
  ArenaMark mark = arena_mark(c->arena);
  Tensor *y = block_body(c, b), *x = b->x;
  if (y) memcpy(x->data, y->data, (size_t)tensor_count(x) * sizeof *x->data);
  arena_release(c->arena, mark);
  return y ? x : NULL;
}

static Tensor *run_recomputed(Context *c, const BlockPass *b) {
  BlockPass *kept = context_alloc(c, sizeof *kept);
  if (!kept) return NULL;
  *kept = *b;
  const DecoderInput *d = b->pass->decoder;
  Tensor *inputs[] = {b->x, d ? d->encoded : NULL};
  return op_recompute(c, block_body, kept, inputs, d ? 2 : 1);
}

/* `pass` is kept in the arena: backward may run blocks anew. */
static Tensor *run_stack(Context *c, const int32_t *ids, StackPass pass) {
  StackPass *kept = context_alloc(c, sizeof *kept);
  if (!kept) return NULL;
  *kept = pass;
  Ragged rows = pass.own.sequence;
  const T5Run *run = pass.run;
  BlockPass b = {.pass = kept,
                 .x = op_embedding(c, &run->model->shared, ids, rows.offset[rows.count])};
  for (; b.layer < pass.stack->layers && !context_failed(c); b.layer++) {
    b.x = !c->tape         ? run_in_place(c, &b)
          : run->recompute ? run_recomputed(c, &b)
                           : block_body(c, &b);
  }
  return norm_forward(c, run, &pass.stack->final_norm, b.x);
}

Tensor *t5_encode(Context *c, const T5Run *run, const int32_t *ids, Ragged input) {
  return run_stack(c, ids, (StackPass){run, &run->model->encoder, {input, NULL}, NULL});
}

/* ---- decoding ---- */

/* Merges sequences that read the same example; a span begins with that example. NULL when the
 * context has failed. */
static RowSpan *merge_readers(Context *c, Rows rows, Ragged *queries) {
  int64_t n = rows.sequence.count, count = 0;
  int64_t *offset = context_alloc(c, (size_t)(n + 1) * sizeof *offset);
  RowSpan *span = context_alloc(c, (size_t)n * sizeof *span);
  if (context_failed(c)) return NULL;
  offset[0] = 0;
  for (int64_t s = 0; s < n; s++) {
    if (s == 0 || rows.source[s] != rows.source[s - 1]) span[count++].begin = rows.source[s];
    offset[count] = rows.sequence.offset[s + 1];
  }
  *queries = (Ragged){count, offset};
  return span;
}

/* The examples are stretches of the encoder's rows. */
static Reading read_rows(Context *c, Ragged input, Rows rows) {
  Ragged queries = {0};
  RowSpan *span = merge_readers(c, rows, &queries);
  for (int64_t i = 0; span && i < queries.count; i++) {
    int64_t from = span[i].begin;
    span[i] = (RowSpan){input.offset[from], ragged_length(input, from)};
  }
  return (Reading){queries, span};
}

/* A cache has the keys of the examples. */
static Reading read_cached(Context *c, const T5Cache *cache, Rows rows) {
  Ragged queries = {0};
  RowSpan *span = merge_readers(c, rows, &queries);
  for (int64_t i = 0; span && i < queries.count; i++) {
    int64_t from = span[i].begin;
    span[i] = (RowSpan){from, cache->keys[from]};
  }
  return (Reading){queries, span};
}

static Tensor *run_decoder(Context *c, const T5Run *run, const int32_t *ids, Rows own,
                           DecoderInput input) {
  DecoderInput *kept = context_alloc(c, sizeof *kept);
  if (!kept) return NULL;
  *kept = input;
  return run_stack(c, ids, (StackPass){run, &run->model->decoder, own, kept});
}

Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Rows target) {
  if (context_failed(c)) return NULL;
  DecoderInput d = {.encoded = encoded, .input = {input, NULL}};
  if (target.source) d.read = read_rows(c, input, target);
  return run_decoder(c, run, ids, target, d);
}

Tensor *t5_decode_next(Context *c, const T5Run *run, T5Cache *cache, const int32_t *ids,
                       Ragged added) {
  if (context_failed(c)) return NULL;
  assert(!c->tape && added.count == cache->sequences);
  for (int64_t s = 0; s < added.count; s++) {
    int64_t length = cache->length[s] + ragged_length(added, s);
    assert(length <= cache->capacity);
    cache->span[s] = (RowSpan){s, length};
  }
  Rows own = {added, cache->source};
  DecoderInput d = {.read = read_cached(c, cache, own), .cache = cache};
  Tensor *y = run_decoder(c, run, ids, own, d);
  for (int64_t s = 0; y && s < added.count; s++) cache->length[s] += ragged_length(added, s);
  return y;
}

Tensor *t5_loss(Context *c, const T5Run *run, const MicroBatch *batch, float weight, float *nll) {
  Tensor *encoded = t5_encode(c, run, batch->input_ids, batch->input);
  Tensor *decoded =
      t5_decode(c, run, encoded, batch->input, batch->decoder_ids, (Rows){batch->target, NULL});
  return op_cross_entropy(c, decoded, run->model->head, run->model->head_scale, batch->target_ids,
                          weight, nll);
}

Tensor *t5_logits(Context *c, const T5Run *run, Tensor *decoded) {
  if (context_failed(c)) return NULL;
  const T5 *model = run->model;
  Tensor *z = tensor_new(c, decoded->rows, model->head->rows);
  if (!z) return NULL;
  ArenaMark mark = arena_mark(c->arena);
  Mat h = mat(decoded->data, decoded->rows, decoded->cols);
  if (model->head_scale != 1) {
    h.data = context_alloc(c, (size_t)tensor_count(decoded) * sizeof *h.data);
    if (h.data) c->kernels->scale(h.data, model->head_scale, decoded->data, tensor_count(decoded));
  }
  if (h.data) matmul_nt_weight(c, h, model->head, false, mat(z->data, z->rows, z->cols));
  arena_release(c->arena, mark);
  return context_failed(c) ? NULL : z;
}
