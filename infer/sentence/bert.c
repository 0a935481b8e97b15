#include "infer/sentence/bert.h"

#include <math.h>
#include <string.h>

static Tensor *norm_forward(Context *c, const Bert *m, AffineNorm *n, Tensor *x) {
  return op_layer_norm(c, x, &n->weight, &n->bias, (float)m->config.norm_eps);
}

/* ---- embeddings ---- */

/* For every token its place in its sequence, or 0 for all. */
static int32_t *places(Context *c, Ragged rows, bool counted) {
  int32_t *place = context_alloc(c, (size_t)rows.offset[rows.count] * sizeof *place);
  for (int64_t s = 0; place && s < rows.count; s++) {
    for (int64_t t = rows.offset[s]; t < rows.offset[s + 1]; t++)
      place[t] = counted ? (int32_t)(t - rows.offset[s]) : 0;
  }
  return place;
}

static Tensor *embed_tokens(Context *c, Bert *m, const int32_t *ids, Ragged rows) {
  int64_t tokens = rows.offset[rows.count];
  Tensor *x = op_embedding(c, &m->word, ids, tokens);
  const int32_t *type = places(c, rows, false);
  if (type) x = op_add(c, x, op_embedding(c, &m->type, type, tokens));
  if (!m->config.rotary) {
    const int32_t *position = places(c, rows, true);
    if (position) x = op_add(c, x, op_embedding(c, &m->position, position, tokens));
  }
  return context_failed(c) ? NULL : norm_forward(c, m, &m->norm, x);
}

/* ---- layers ---- */

/* q is divided by sqrt(d_head) before scores are made of it. */
static Tensor *attend(Context *c, const Bert *m, BertLayer *l, Tensor *x, Ragged rows) {
  const BertConfig *config = &m->config;
  LinearOperands qkv[] = {affine_operands(&l->q), affine_operands(&l->k), affine_operands(&l->v)};
  AttentionSpec spec = {.heads = config->heads, .q = rows, .k = rows};
  Tensor *y[3];
  op_linear_all(c, x, qkv, 3, y);
  for (int i = 0; i < 2 && config->rotary; i++)
    y[i] = op_rotary(c, y[i], config->heads, rows, (float)config->rotary_base);
  y[0] = op_scale(c, y[0], (float)(1 / sqrt((double)config->width / config->heads)));
  return affine_forward(c, &l->o, op_attention(c, y[0], y[1], y[2], NULL, &spec));
}

static Tensor *feed_forward(Context *c, const Bert *m, BertLayer *l, Tensor *x) {
  Act act = m->config.act;
  LinearOperands both[] = {affine_operands(&l->up), affine_operands(&l->gate)};
  Tensor *h[2];
  op_linear_all(c, x, both, m->config.gated ? 2 : 1, h);
  return affine_forward(c, &l->down,
                        m->config.gated ? op_gated_act(c, act, h[1], h[0]) : op_act(c, act, h[0]));
}

static Tensor *layer_forward(Context *c, const Bert *m, BertLayer *l, Tensor *x, Ragged rows) {
  x = norm_forward(c, m, &l->attention_norm, op_add(c, x, attend(c, m, l, x, rows)));
  return norm_forward(c, m, &l->output_norm, op_add(c, x, feed_forward(c, m, l, x)));
}

/* The result takes the place of the input, so that depth costs no memory. */
static bool run_in_place(Context *c, const Bert *m, BertLayer *l, Tensor *x, Ragged rows) {
  ArenaMark mark = arena_mark(c->arena);
  Tensor *y = layer_forward(c, m, l, x, rows);
  if (y) memcpy(x->data, y->data, (size_t)tensor_count(x) * sizeof *x->data);
  arena_release(c->arena, mark);
  return y != NULL;
}

Tensor *bert_forward(Context *c, Bert *m, const int32_t *ids, Ragged rows) {
  Tensor *x = embed_tokens(c, m, ids, rows);
  for (int i = 0; x && i < m->config.layers; i++) {
    if (!run_in_place(c, m, &m->layer[i], x, rows)) return NULL;
  }
  return x;
}
