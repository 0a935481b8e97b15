/* A T5 on disk: what is saved is opened, the names a checkpoint may use, and every refusal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tensors/safetensors.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

static void expect_same_weights(const T5 *a, const T5 *b) {
  assert_int_equal(a->tensors, b->tensors);
  for (int i = 0; i < a->tensors; i++) {
    const Tensor *s = a->tensor[i].tensor, *t = b->tensor[i].tensor;
    assert_string_equal(a->tensor[i].name, b->tensor[i].name);
    assert_true(s->rows == t->rows && s->cols == t->cols);
    assert_memory_equal(s->data, t->data, (size_t)tensor_count(s) * sizeof(float));
  }
}

static void what_is_saved_is_opened(void **state) {
  Scratch *s = *state;
  for (int family = 0; family < 2; family++) {
    Error err = {0};
    T5 *made = tiny_model(family, false), *opened;
    char of_made[HASH_HEX], of_opened[HASH_HEX];
    expect_ok("save", t5_save(made, s->dir, DTYPE_F32, &err), &err);
    expect_ok("open", t5_open(&opened, s->dir, &err), &err);
    expect_same_weights(made, opened);
    assert_int_equal(opened->config.tied, made->config.tied);
    assert_true(opened->head_scale == made->head_scale);
    expect_ok("hash", t5_fingerprint(made, of_made, &err), &err);
    expect_ok("hash", t5_fingerprint(opened, of_opened, &err), &err);
    assert_string_equal(of_made, of_opened);
    TinyBatch b = tiny_batch(&made->config, 1);
    Forward f = tiny_forward(made, NULL, &b, false, false, 1);
    Forward g = tiny_forward(opened, NULL, &b, false, false, 1);
    assert_memory_equal(&f, &g, sizeof f);
    t5_close(made);
    t5_close(opened);
  }
}

static void a_narrow_copy_is_opened(void **state) {
  Scratch *s = *state;
  static const Dtype dtypes[] = {DTYPE_BF16, DTYPE_F16};
  T5 *made = tiny_model(true, false), *opened, *again;
  TinyBatch b = tiny_batch(&made->config, 1);
  double loss = (double)tiny_forward(made, NULL, &b, false, false, 1).loss;
  for (size_t k = 0; k < 2; k++) {
    Error err = {0};
    expect_ok("save", t5_save(made, s->dir, dtypes[k], &err), &err);
    expect_ok("open", t5_open(&opened, s->dir, &err), &err);
    for (int i = 0; i < made->tensors; i++) {
      const Tensor *t = made->tensor[i].tensor;
      size_t count = (size_t)tensor_count(t);
      uint16_t *narrow = malloc(count * sizeof *narrow);
      dtype_narrow(narrow, t->data, dtypes[k], count);
      assert_true(opened->tensor[i].tensor->dtype == dtypes[k]);
      assert_memory_equal(narrow, opened->tensor[i].tensor->store, count * sizeof *narrow);
      free(narrow);
    }
    double narrow_loss = (double)tiny_forward(opened, NULL, &b, false, false, 1).loss;
    assert_true(fabs(narrow_loss - loss) < 0.02 * loss && narrow_loss != loss);
    /* Widening is exact, so saving once more changes nothing. */
    char first[HASH_HEX], second[HASH_HEX];
    char *copy = strdup(scratch_path(s, "copy"));
    expect_ok("dir", dir_make(copy, &err), &err);
    expect_ok("save", t5_save(opened, copy, dtypes[k], &err), &err);
    expect_ok("open", t5_open(&again, copy, &err), &err);
    expect_ok("hash", t5_fingerprint(opened, first, &err), &err);
    expect_ok("hash", t5_fingerprint(again, second, &err), &err);
    assert_string_equal(first, second);
    free(copy);
    t5_close(opened);
    t5_close(again);
  }
  t5_close(made);
}

static void one_value_changes_the_fingerprint(void **state) {
  (void)state;
  Error err = {0};
  T5 *m = tiny_model(true, false);
  char before[HASH_HEX], after[HASH_HEX];
  expect_ok("hash", t5_fingerprint(m, before, &err), &err);
  m->decoder.final_norm.data[3] *= 2;
  expect_ok("hash", t5_fingerprint(m, after, &err), &err);
  assert_string_not_equal(before, after);
  t5_close(m);
}

/* What T5PreTrainedModel._init_weights of Hugging Face transformers draws, by role. */
static double spread_of(const char *name, const T5Config *c) {
  double d = (double)c->d_model, inner = (double)t5_inner(c);
  if (strstr(name, "layer_norm")) return 0;
  if (strstr(name, "shared") || strstr(name, "lm_head")) return 1;
  if (strstr(name, ".q.")) return 1 / sqrt(d * (double)c->d_kv);
  if (strstr(name, ".o.")) return 1 / sqrt(inner);
  if (strstr(name, ".wo.")) return 1 / sqrt((double)c->d_ff);
  return 1 / sqrt(d); /* k, v, wi, the bias table */
}

static void fresh_weights_have_the_spread_of_their_role(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    T5 *m = tiny_model(family, false);
    for (int i = 0; i < m->tensors; i++) {
      const Tensor *t = m->tensor[i].tensor;
      double spread = spread_of(m->tensor[i].name, &m->config), sum = 0, square = 0;
      int64_t n = tensor_count(t);
      for (int64_t k = 0; k < n; k++) {
        sum += (double)t->data[k];
        square += (double)t->data[k] * (double)t->data[k];
      }
      double mean = sum / (double)n, deviation = sqrt(square / (double)n - mean * mean);
      double want = spread > 0 ? 0 : 1, sigma = spread / sqrt((double)n);
      if (fabs(mean - want) > 5 * sigma + 1e-9 || fabs(deviation - spread) > 5 * sigma + 1e-6) {
        fail_msg("%s: mean %g, deviation %g, want %g", m->tensor[i].name, mean, deviation, spread);
      }
    }
    t5_close(m);
  }
}

/* A checkpoint with the weights of a model, changed in one place. */
typedef struct Edit {
  const char *drop, *from, *to; /* leaves out a tensor; renames one */
  const char *copy_of, *copy;   /* writes one again under another name ... */
  float change;                 /* ... with this added to its first value */
  const char *extra;            /* a further tensor of one element */
} Edit;

static void write_edited(Scratch *s, const T5 *m, const Edit *e) {
  Error err = {0};
  float one = 1, *copy = NULL;
  size_t n = 0;
  SafetensorsItem *items = calloc((size_t)m->tensors + 2, sizeof *items);
  for (int i = 0; i < m->tensors; i++) {
    const T5Tensor *t = &m->tensor[i];
    const char *name = e->from && strcmp(t->name, e->from) == 0 ? e->to : t->name;
    SafetensorsItem item = {name,     DTYPE_F32, t->tensor->data, t->tensor->rows, t->tensor->cols,
                            t->vector};
    if (!e->drop || strcmp(t->name, e->drop) != 0) items[n++] = item;
    if (!e->copy_of || strcmp(t->name, e->copy_of) != 0) continue;
    size_t bytes = (size_t)tensor_count(t->tensor) * sizeof *copy;
    copy = memcpy(malloc(bytes), item.data, bytes);
    copy[0] += e->change;
    item.name = e->copy;
    item.data = copy;
    items[n++] = item;
  }
  if (e->extra) items[n++] = (SafetensorsItem){e->extra, DTYPE_F32, &one, 1, 1, true};
  expect_ok("config", t5_config_write(&m->config, s->dir, DTYPE_F32, &err), &err);
  const char *path = scratch_path(s, "model.safetensors");
  expect_ok("write", safetensors_write(path, items, n, NULL, 0, &err), &err);
  free(copy);
  free(items);
}

#define UNUSED_BIAS "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"

static void names_that_checkpoints_use_are_known(void **state) {
  static const struct {
    bool v1_1;
    Edit edit;
  } cases[] = {
      {false, {.copy_of = "shared.weight", .copy = "encoder.embed_tokens.weight"}},
      {false, {.copy_of = "shared.weight", .copy = "decoder.embed_tokens.weight"}},
      {false, {.copy_of = "shared.weight", .copy = "lm_head.weight"}},
      {true, {.from = "shared.weight", .to = "encoder.embed_tokens.weight"}},
      {true, {.from = "shared.weight", .to = "decoder.embed_tokens.weight"}},
      {false, {.from = "shared.weight", .to = "lm_head.weight"}},
      {true, {.extra = UNUSED_BIAS}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    T5 *made = tiny_model(cases[i].v1_1, false), *opened;
    write_edited(*state, made, &cases[i].edit);
    expect_ok("open", t5_open(&opened, ((Scratch *)*state)->dir, &err), &err);
    expect_same_weights(made, opened);
    t5_close(made);
    t5_close(opened);
  }
}

/* An untied model whose file has no head of its own uses the embedding. */
static void without_a_head_the_embedding_is_used(void **state) {
  Error err = {0};
  T5 *made = tiny_model(true, false), *opened;
  write_edited(*state, made, &(Edit){.drop = "lm_head.weight"});
  expect_ok("open", t5_open(&opened, ((Scratch *)*state)->dir, &err), &err);
  assert_ptr_equal(opened->head, &opened->shared);
  assert_true(opened->head_scale == 1);
  assert_true(opened->config.tied);
  t5_close(made);
  t5_close(opened);
}

static void what_does_not_fit_is_refused(void **state) {
  Scratch *s = *state;
  static const struct {
    Edit edit;
    int64_t vocab; /* added to vocab_size */
    const char *words;
  } cases[] = {
      {{.drop = "encoder.block.1.layer.0.SelfAttention.q.weight"},
       0,
       "model.safetensors|encoder.block.1.layer.0.SelfAttention.q.weight"},
      {{.drop = "shared.weight"}, 0, "shared.weight"},
      {{.from = "decoder.final_layer_norm.weight", .to = "decoder.final_layer_norm.bias"},
       0,
       "decoder.final_layer_norm.weight"},
      {{.extra = "encoder.block.2.layer.0.SelfAttention.q.weight"},
       0,
       "encoder.block.2.layer.0.SelfAttention.q.weight"},
      {{.extra = "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"},
       0,
       "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"},
      {{.drop = NULL}, 1, "shared.weight|37|38"},
      {{.copy_of = "shared.weight", .copy = "encoder.embed_tokens.weight", .change = 1},
       0,
       "encoder.embed_tokens.weight|shared.weight|one input embedding"},
      {{.from = "lm_head.weight",
        .to = "encoder.embed_tokens.weight"}, /* another matrix of the same shape */
       0,
       "encoder.embed_tokens.weight: differs"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    T5 *made = tiny_model(true, false), *opened;
    made->config.vocab_size += cases[i].vocab;
    write_edited(s, made, &cases[i].edit);
    Status got = t5_open(&opened, s->dir, &err);
    assert_null(opened);
    expect_error("edited", got, &err, STATUS_MISMATCH, cases[i].words);
    t5_close(made);
  }
}

/* The config of transformers 4 says tied, and the file has another head. */
static void a_contradicted_tie_is_refused(void **state) {
  Scratch *s = *state;
  static const char config[] =
      "{\"model_type\": \"t5\", \"vocab_size\": 37, \"d_model\": 24, \"d_kv\": 8, \"d_ff\": 40,"
      "\"num_heads\": 2, \"num_layers\": 2, \"num_decoder_layers\": 3,"
      "\"relative_attention_num_buckets\": 8, \"relative_attention_max_distance\": 12}";
  Error err = {0};
  T5 *made = tiny_model(false, false), *opened;
  write_edited(s, made,
               &(Edit){.copy_of = "shared.weight", .copy = "lm_head.weight", .change = 0.5f});
  scratch_write(s, "config.json", config, strlen(config));
  expect_error("tied", t5_open(&opened, s->dir, &err), &err, STATUS_MISMATCH,
               "config.json: tie_word_embeddings: |lm_head.weight|shared.weight");
  t5_close(made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_saved_is_opened),
      cmocka_unit_test(a_narrow_copy_is_opened),
      cmocka_unit_test(one_value_changes_the_fingerprint),
      cmocka_unit_test(fresh_weights_have_the_spread_of_their_role),
      cmocka_unit_test(names_that_checkpoints_use_are_known),
      cmocka_unit_test(without_a_head_the_embedding_is_used),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(a_contradicted_tie_is_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
