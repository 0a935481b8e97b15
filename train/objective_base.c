/* train base: every weight of a new T5, by span corruption (T5, arXiv 1910.10683) of inputs and
 * denoising of targets (data/examples/corrupt.c). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "train/objective.h"
#include "train/run_data.h"
#include "train/run_options.h"

/* clang-format off: a table */
static const Option OPTIONS[] = {
    TEXT("model.shape", model.shape, "demo", "named shape: demo, t5-small, t5-v1_1-base, ..."),
    PATH("model.tokenizer", model.tokenizer, false,
         "tokenizer.json or spiece.model to use; without it one is trained"),
    INT("model.pieces", model.pieces, "2000", 16, SIZE_MOST,
        "pieces of the tokenizer that is trained"),
    INT("model.vocab_size", model.vocab_size, "0", 0, 1 << 24,
        "rows of the embedding; 0: what the tokenizer needs"),
    INT("model.d_model", model.d_model, "0", 0, SIZE_MOST,
        "width; 0: as the shape says (so below)"),
    INT("model.d_kv", model.d_kv, "0", 0, SIZE_MOST, "width of a head"),
    INT("model.heads", model.heads, "0", 0, SIZE_MOST, "attention heads"),
    INT("model.d_ff", model.d_ff, "0", 0, SIZE_MOST, "width of the feed-forward"),
    INT("model.encoder_layers", model.encoder_layers, "0", 0, 1024, "encoder blocks"),
    INT("model.decoder_layers", model.decoder_layers, "0", 0, 1024, "decoder blocks"),
    REAL("model.embedding_std", model.embedding_std, "1.0", 1e-6, 100,
         "spread of the initial embedding and head; smaller is learnt away sooner"),
    REAL("model.position_std", model.position_std, "0", 0, 100,
         "spread of the initial position biases; 0: d_model^-1/2; large: copying is learnt sooner"),
    CHOICE("model.dtype", model.dtype, "f32", "f32|f16|bf16", "storage of the saved weights"),
    REAL("corruption.rate", corruption.rate, "0.15", 0.01, 0.9, "share of tokens in noise spans"),
    REAL("corruption.mean_span", corruption.mean_span, "3", 1, 100,
         "mean length of a noise span, tokens"),
    REAL("corruption.target_rate", corruption.target_rate, "0.5", 0, 1,
         "share of examples whose target (or end) is denoised instead"),
    TEXT("data.text_key", data.text_key, "text",
         "JSON key of raw text, for lines without input and target"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};
/* clang-format on */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the run");
}

/* The tokenizer of a new base: the one that is named, the one that this run made before it was
 * interrupted, or a new one trained on the training text. */
static Status open_new_tokenizer(Objective *o, const char *dir, bool resume, Error *err) {
  Base *b = &o->on.base;
  const RunSettings *s = o->settings;
  if (s->model.tokenizer) return tokenizer_open(&b->tokenizer, s->model.tokenizer, err);
  char *path = path_join(dir, "spiece.model");
  if (!path) return no_memory(err);
  ExampleKeys keys = {
      .input = s->data.input_key, .target = s->data.target_key, .text = s->data.text_key};
  RunFiles files = {0};
  Status status = resume ? STATUS_OK : run_files_open(&files, &s->data, err);
  if (status == STATUS_OK && !resume) {
    note_take(o->notes, "training a tokenizer of %" PRId64 " pieces on %s", s->model.pieces,
              s->data.train);
    status = examples_train_tokenizer(&files.source, &keys, (int32_t)s->model.pieces,
                                      "model.pieces", path, err);
  }
  run_files_close(&files);
  if (status == STATUS_OK) status = tokenizer_open(&b->tokenizer, path, err);
  free(path);
  return status;
}

static Status new_config(const Base *b, const ModelSettings *m, T5Config *c, Error *err) {
  if (!t5_config_named(c, m->shape)) {
    return error_set(err, STATUS_USAGE, "model.shape: unknown shape '%s'; known: %s", m->shape,
                     t5_config_names());
  }
  if (m->d_model) c->d_model = m->d_model;
  if (m->d_kv) c->d_kv = m->d_kv;
  if (m->heads) c->heads = (int)m->heads;
  if (m->d_ff) c->d_ff = m->d_ff;
  if (m->encoder_layers) c->encoder_layers = (int)m->encoder_layers;
  if (m->decoder_layers) c->decoder_layers = (int)m->decoder_layers;
  c->vocab_size = m->vocab_size ? m->vocab_size : tokenizer_size(b->tokenizer);
  return STATUS_OK;
}

static void scale_tensor(Tensor *t, double factor) {
  for (int64_t k = 0; k < tensor_count(t); k++) t->data[k] *= (float)factor;
}

/* Hugging Face starts the embedding and the head at N(0, 1) and the position biases at
 * N(0, 1 / d_model). Adam's steps are as long as the learning rate, so a large table takes long to
 * change, and heads that attend by position, which copying begins with, take long to form. */
static void respread_weights(T5 *model, const ModelSettings *m) {
  scale_tensor(&model->shared, m->embedding_std);
  scale_tensor(&model->head_own, m->embedding_std);
  if (m->position_std == 0) return;
  double factor = m->position_std * sqrt((double)model->config.d_model);
  scale_tensor(&model->encoder.bias, factor);
  scale_tensor(&model->decoder.bias, factor);
}

static Status open_new_base(Objective *o, const char *dir, bool resume, Error *err) {
  T5Config config = {0};
  Base *b = &o->on.base;
  const RunSettings *s = o->settings;
  TRY(open_new_tokenizer(o, dir, resume, err));
  TRY(new_config(b, &s->model, &config, err));
  note_take(o->notes, "making the weights of a T5 of shape %s", s->model.shape);
  TRY(t5_random(&b->model, &config, (uint64_t)s->train.seed, true, err));
  respread_weights(b->model, &s->model);
  TRY(base_check_vocabulary(b->model, b->tokenizer, err));
  TRY(objective_reserve(o, b->model->tensors, err));
  for (int i = 0; i < b->model->tensors; i++) {
    TRY(objective_add(o, b->model->tensor[i].tensor, b->model->tensor[i].name, "", err));
  }
  return STATUS_OK;
}

static Status save_base(const Objective *o, const char *dir, int64_t steps, Error *err) {
  (void)steps;
  TRY(tokenizer_save(o->on.base.tokenizer, dir, err));
  return t5_save(o->on.base.model, dir, (Dtype)o->settings->model.dtype, err);
}

/* No recipe of ours begins from nothing. */
const ObjectiveKind objective_base = {
    .name = "base",
    .result = "model.safetensors",
    .option = OPTIONS,
    .options = LENGTH(OPTIONS),
    .corrupts = true,
    .passes = 3,
    .open = open_new_base,
    .save = save_base,
};
