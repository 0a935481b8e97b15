#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/sentence/bert.h"

/* What tensors are called: as transformers writes BERT; nomic-bert by its own code, and by that of
 * transformers 5 (whose conversion says that fc11 is up_proj, and fc12 gate_proj). */
typedef struct Layout {
  BertFamily family;
  const char *norm;  /* of the embeddings */
  const char *layer; /* what the names of a layer begin with */
  const char *qkv;   /* one tensor of all three; NULL: there are */
  const char *q, *k, *v;
  const char *o, *attention_norm, *up, *gate, *down, *output_norm;
} Layout;

static const Layout LAYOUTS[] = {
    {.family = FAMILY_BERT,
     .norm = "embeddings.LayerNorm",
     .layer = "encoder.layer.",
     .q = "attention.self.query",
     .k = "attention.self.key",
     .v = "attention.self.value",
     .o = "attention.output.dense",
     .attention_norm = "attention.output.LayerNorm",
     .up = "intermediate.dense",
     .down = "output.dense",
     .output_norm = "output.LayerNorm"},
    {.family = FAMILY_NOMIC,
     .norm = "emb_ln",
     .layer = "encoder.layers.",
     .qkv = "attn.Wqkv",
     .o = "attn.out_proj",
     .attention_norm = "norm1",
     .up = "mlp.fc11",
     .gate = "mlp.fc12",
     .down = "mlp.fc2",
     .output_norm = "norm2"},
    {.family = FAMILY_NOMIC,
     .norm = "embeddings.LayerNorm",
     .layer = "layers.",
     .q = "self_attn.q_proj",
     .k = "self_attn.k_proj",
     .v = "self_attn.v_proj",
     .o = "self_attn.o_proj",
     .attention_norm = "post_attention_layernorm",
     .up = "mlp.up_proj",
     .gate = "mlp.gate_proj",
     .down = "mlp.down_proj",
     .output_norm = "post_mlp_layernorm"},
};

static const char *const PREFIXES[] = {"", "bert.", "nomic_bert.", "model."};

/* What of a checkpoint no embedding is made of. */
static const char *const UNUSED[] = {"pooler.", "cls.", "embeddings.position_ids",
                                     "embeddings.token_type_ids"};

typedef struct Reading {
  Bert *model;
  const Layout *layout;
  const char *prefix;
  int layer; /* -1: outside of layers */
} Reading;

enum { NAME_MAX_BYTES = 160 };
typedef struct Name {
  char text[NAME_MAX_BYTES];
} Name;

/* prefix + layer + part + end: "bert.encoder.layer.0.output.dense.weight" */
static Name name_of(const Reading *r, const char *part, const char *end) {
  Name name;
  if (r->layer < 0) {
    snprintf(name.text, sizeof name.text, "%s%s%s", r->prefix, part, end);
  } else {
    snprintf(name.text, sizeof name.text, "%s%s%d.%s%s", r->prefix, r->layout->layer, r->layer,
             part, end);
  }
  return name;
}

static bool has(const Reading *r, const char *part, const char *end) {
  return weights_has(r->model->weights, name_of(r, part, end).text);
}

static Status get(const Reading *r, const char *part, const char *end, int64_t rows, int64_t cols,
                  Tensor *to, Error *err) {
  return weights_get(r->model->weights, name_of(r, part, end).text, rows, cols, to, err);
}

/* The first checkpoints call weight and bias of a norm gamma and beta. */
static Status get_norm(const Reading *r, const char *part, AffineNorm *to, Error *err) {
  bool old = has(r, part, ".gamma");
  int64_t width = r->model->config.width;
  TRY(get(r, part, old ? ".gamma" : ".weight", 1, width, &to->weight, err));
  return get(r, part, old ? ".beta" : ".bias", 1, width, &to->bias, err);
}

/* BERT's linears have biases; those of nomic-bert where the checkpoint has them. */
static Status get_affine(const Reading *r, const char *part, int64_t rows, int64_t cols, Affine *to,
                         Error *err) {
  TRY(get(r, part, ".weight", rows, cols, &to->weight, err));
  to->biased = r->layout->family == FAMILY_BERT || has(r, part, ".bias");
  return to->biased ? get(r, part, ".bias", 1, to->weight.rows, &to->bias, err) : STATUS_OK;
}

/* Rows [from, from + rows) of a matrix. */
static Tensor rows_of(const Tensor *t, int64_t from, int64_t rows) {
  size_t at = (size_t)(from * t->cols) * dtype_size(t->dtype);
  return tensor_view((const char *)t->store + at, t->dtype, rows, t->cols);
}

static Status get_qkv(const Reading *r, BertLayer *l, Error *err) {
  int64_t width = r->model->config.width;
  Affine all, *to[] = {&l->q, &l->k, &l->v};
  const char *const part[] = {r->layout->q, r->layout->k, r->layout->v};
  if (!r->layout->qkv) {
    for (int i = 0; i < 3; i++) TRY(get_affine(r, part[i], width, width, to[i], err));
    return STATUS_OK;
  }
  TRY(get_affine(r, r->layout->qkv, 3 * width, width, &all, err));
  for (int i = 0; i < 3; i++) {
    to[i]->weight = rows_of(&all.weight, i * width, width);
    to[i]->biased = all.biased;
    if (!all.biased) continue;
    const char *bias = all.bias.store;
    size_t at = (size_t)(i * width) * dtype_size(all.bias.dtype);
    to[i]->bias = tensor_view(bias + at, all.bias.dtype, 1, width);
  }
  return STATUS_OK;
}

static Status get_layer(const Reading *r, BertLayer *l, Error *err) {
  const Layout *n = r->layout;
  int64_t width = r->model->config.width;
  TRY(get_qkv(r, l, err));
  TRY(get_affine(r, n->o, width, width, &l->o, err));
  TRY(get_norm(r, n->attention_norm, &l->attention_norm, err));
  TRY(get_affine(r, n->up, -1, width, &l->up, err));
  if (n->gate) TRY(get_affine(r, n->gate, l->up.weight.rows, width, &l->gate, err));
  TRY(get_affine(r, n->down, width, l->up.weight.rows, &l->down, err));
  return get_norm(r, n->output_norm, &l->output_norm, err);
}

static Status get_embeddings(const Reading *r, Error *err) {
  Bert *m = r->model;
  const BertConfig *c = &m->config;
  TRY(get(r, "embeddings.word_embeddings", ".weight", c->vocab_size, c->width, &m->word, err));
  TRY(get(r, "embeddings.token_type_embeddings", ".weight", c->types, c->width, &m->type, err));
  if (!c->rotary) {
    TRY(get(r, "embeddings.position_embeddings", ".weight", c->positions, c->width, &m->position,
            err));
  }
  return get_norm(r, r->layout->norm, &m->norm, err);
}

/* ---- the checkpoint ---- */

/* The layout and prefix that the first layer's names are of. */
static Status find_layout(Reading *r, Error *err) {
  for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++) {
    r->layout = &LAYOUTS[i];
    if (r->layout->family != r->model->config.family) continue;
    for (size_t k = 0; k < sizeof PREFIXES / sizeof *PREFIXES; k++) {
      r->prefix = PREFIXES[k];
      r->layer = 0;
      bool found = has(r, r->layout->qkv ? r->layout->qkv : r->layout->q, ".weight");
      r->layer = -1;
      if (found) return STATUS_OK;
    }
  }
  return error_set(err, STATUS_MISMATCH,
                   "%s: has none of the names that a %s has for the queries of its first layer "
                   "(encoder.layer.0.attention.self.query, encoder.layers.0.attn.Wqkv, "
                   "layers.0.self_attn.q_proj)",
                   weights_path(r->model->weights),
                   r->model->config.family == FAMILY_NOMIC ? "nomic_bert" : "bert");
}

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

static void ignore_unused(const Reading *r) {
  Weights *w = r->model->weights;
  for (size_t i = 0; i < weights_count(w); i++) {
    const char *name = weights_entry(w, i)->name;
    const char *rest = begins(name, r->prefix) ? name + strlen(r->prefix) : name;
    for (size_t k = 0; k < sizeof UNUSED / sizeof *UNUSED; k++) {
      if (begins(rest, UNUSED[k]) || begins(name, UNUSED[k])) weights_ignore(w, name);
    }
  }
}

static Status read_weights(Bert *m, Error *err) {
  Reading r = {.model = m, .layer = -1};
  TRY(find_layout(&r, err));
  TRY(get_embeddings(&r, err));
  m->layer = calloc((size_t)m->config.layers, sizeof *m->layer);
  if (!m->layer) return error_set(err, STATUS_RUN, "out of memory: a model's layers");
  for (r.layer = 0; r.layer < m->config.layers; r.layer++)
    TRY(get_layer(&r, &m->layer[r.layer], err));
  ignore_unused(&r);
  return weights_check_used(m->weights, err);
}

Status bert_open(Bert *m, const char *dir, Error *err) {
  *m = (Bert){0};
  TRY(bert_config_read(&m->config, dir, err));
  TRY(weights_open(&m->weights, dir, err));
  return read_weights(m, err);
}

void bert_close(Bert *m) {
  free(m->layer);
  weights_close(m->weights);
  *m = (Bert){0};
}
