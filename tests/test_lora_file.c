/* Adapters written by hand: how ranks, alphas and scales follow from adapter_config.json, and every
 * refusal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tensors/safetensors.h"
#include "infer/adapter/peft_config.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

#define SELF             "encoder.block.0.layer.0.SelfAttention."
#define KEY(part, which) "base_model.model." SELF part ".lora_" which ".weight"

/* An adapter written by hand: the factors of SELF q (rank 2) and SELF v (rank 3), with changes. */
typedef struct Hand {
  const char *config; /* between r, lora_alpha and the closing brace; begins with a comma */
  const char *q_a;    /* the key of the first factor */
  bool no_b;          /* the B of v is left out */
  bool empty;         /* the A of v has no rows */
  int64_t wide;       /* added to the inputs of the first factor */
  Dtype dtype;
  float first; /* the first value of the first factor */
} Hand;

static void write_hand(Scratch *s, const Hand *h) {
  float values[256], first[256];
  char config[2048];
  Error err = {0};
  for (int i = 0; i < 256; i++) first[i] = values[i] = (float)(i % 7) - 3;
  first[0] = h->first;
  const SafetensorsItem items[] = {
      {h->q_a ? h->q_a : KEY("q", "A"), h->dtype, first, 2, 24 + h->wide, false},
      {KEY("q", "B"), h->dtype, values, 16, 2, false},
      {KEY("v", "A"), h->dtype, values, h->empty ? 0 : 3, 24, false},
      {KEY("v", "B"), h->dtype, values, 16, 3, false}};
  const char *path = scratch_path(s, "adapter_model.safetensors");
  expect_ok("tensors", safetensors_write(path, items, h->no_b ? 3 : 4, NULL, 0, &err), &err);
  snprintf(config, sizeof config, "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 6%s}",
           h->config ? h->config : ", \"rank_pattern\": {\"v\": 3}");
  scratch_write(s, "adapter_config.json", config, strlen(config));
}

static void scales_follow_the_configuration(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *config;
    double q, v; /* scales */
  } cases[] = {
      {", \"rank_pattern\": {\"v\": 3}", 3, 2},
      {", \"rank_pattern\": {\"v\": 3}, \"use_rslora\": true", 4.2426407, 3.4641016},
      {", \"rank_pattern\": {\"v\": 3}, \"alpha_pattern\": {\"v\": 1.5}", 3, 0.5},
      {", \"rank_pattern\": {\"SelfAttention.v\": 3, \".*v\": 9}, \"alpha_pattern\": {\".*\": 3}",
       1.5, 1},
      {", \"rank_pattern\": {\"^encoder.*\\\\.v$\": 3}, \"alpha_pattern\": {\"k\": 100}", 3, 2},
  };
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Lora *lora;
    write_hand(s, &(Hand){.config = cases[i].config});
    expect_ok(cases[i].config, lora_open(&lora, s->dir, &m->modules, &err), &err);
    assert_int_equal(lora->covered, 2);
    assert_true(fabs((double)lora->factor[0].scale - cases[i].q) < 1e-6);
    assert_true(fabs((double)lora->factor[2].scale - cases[i].v) < 1e-6);
    lora_close(lora);
  }
  t5_close(m);
}

/* alpha as PEFT's PeftConfig has it where nothing is said, ranks as the factors have them. */
static void what_is_not_said_has_defaults(void **state) {
  Scratch *s = *state;
  static const char *const configs[] = {
      "{\"peft_type\": \"LORA\"}", "{\"peft_type\": \"LORA\", \"r\": null, \"lora_alpha\": null}",
      "{\"peft_type\": \"LORA\", \"lora_alpha\": 8, \"fan_in_fan_out\": true}",
      "{\"peft_type\": \"LORA\", \"r\": 3, \"rank_pattern\": {\"q\": 2}, \"bias\": \"all\"}",
      "{\"peft_type\": \"LORA\", \"r\": 2, \"rank_pattern\": {\"v\": 3}, \"bias\": \"lora_only\"}"};
  T5 *m = tiny_model(true, false);
  write_hand(s, &(Hand){0});
  for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
    Error err = {0};
    Lora *lora;
    scratch_write(s, "adapter_config.json", configs[i], strlen(configs[i]));
    expect_ok(configs[i], lora_open(&lora, s->dir, &m->modules, &err), &err);
    assert_true(lora->factor[0].scale == 4 && lora->factor[2].scale == 8.0f / 3);
    lora_close(lora);
  }
  t5_close(m);
}

static const struct {
  const char *config, *words; /* words NULL: accepted */
} DECLARED[] = {
    {"\"target_modules\": null", NULL},
    {"\"target_modules\": [\"" SELF "q\", \"" SELF "v\"]", NULL},
    {"\"target_modules\": [\"" SELF "q\", \"" SELF "v\", \"lm_head\"]", NULL},
    {"\"target_modules\": \"encoder.block.0.*Self.*[qv]\"", NULL},
    {"\"target_modules\": [\"q\", \"v\"], \"layers_to_transform\": [0]", NULL},
    {"\"target_modules\": [\"q\", \"v\"], \"exclude_modules\": \".*(block.[12]|decoder).*\"", NULL},
    {"\"target_modules\": [\"q\", \"v\"], \"exclude_modules\": [\"encoder.block.1.layer.0."
     "SelfAttention.q\", \"encoder.block.1.layer.0.SelfAttention.v\"],"
     "\"task_type\": \"FEATURE_EXTRACTION\"",
     NULL},
    {"\"target_modules\": \".*block.0.*Self.*[qv]\", \"auto_mapping\":"
     "{\"base_model_class\": \"T5EncoderModel\"}",
     NULL},
    {"\"target_modules\": \".*block.0.*Self.*[qv]\"",
     "target_modules: names \"decoder.block.0.layer.0.SelfAttention.q\"|no factors"},
    {"\"target_modules\": [\"q\", \"v\"]",
     "target_modules: names \"encoder.block.1.layer.0.SelfAttention.q\"|no factors"},
    {"\"target_modules\": \"all-linear\"", "target_modules: names \"" SELF "k\""},
    {"\"target_modules\": [\"" SELF "q\"]", "target_modules: does not name \"" SELF "v\""},
    {"\"target_modules\": \".*q\"", "target_modules: "},
    {"\"target_modules\": \"all-linear\", \"exclude_modules\": [\"v\"]", "target_modules: "},
};

/* What target_modules says and the tensors must agree on, where it says something. */
static void declared_modules_are_those_with_factors(void **state) {
  Scratch *s = *state;
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof DECLARED / sizeof *DECLARED; i++) {
    char config[512];
    Error err = {0};
    Lora *lora;
    snprintf(config, sizeof config, ", \"rank_pattern\": {\"v\": 3}, %s", DECLARED[i].config);
    write_hand(s, &(Hand){.config = config});
    Status got = lora_open(&lora, s->dir, &m->modules, &err);
    if (DECLARED[i].words) {
      expect_error(DECLARED[i].config, got, &err, STATUS_MISMATCH, DECLARED[i].words);
      assert_null(lora);
    } else {
      expect_ok(DECLARED[i].config, got, &err);
      lora_close(lora);
    }
  }
  t5_close(m);
}

/* Factors of any stored type are widened exactly. */
static void narrow_factors_are_widened(void **state) {
  Scratch *s = *state;
  static const Dtype dtypes[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < 3; i++) {
    Error err = {0};
    Lora *lora;
    write_hand(s, &(Hand){.dtype = dtypes[i], .first = 0.5f});
    expect_ok("open", lora_open(&lora, s->dir, &m->modules, &err), &err);
    const Tensor *a = &lora->factor[0].a;
    assert_true(a->dtype == DTYPE_F32 && a->data[0] == 0.5f);
    for (int k = 1; k < 48; k++) assert_true(a->data[k] == (float)(k % 7) - 3);
    lora_close(lora);
  }
  t5_close(m);
}

static const struct {
  const char *config, *words;
} UNSUPPORTED[] = {
    {", \"use_dora\": true", "adapter_config.json: use_dora: "},
    {", \"lora_bias\": true", "lora_bias: "},
    {", \"fan_in_fan_out\": 1", "fan_in_fan_out: "},
    {", \"bias\": \"some\"", "bias: |\"some\"|\"none\""},
    {", \"use_what_comes_next\": true", "use_what_comes_next: |not known|remove"},
    {", \"comes_next_config\": {\"x\": 1}", "comes_next_config: |not known"},
    {", \"arrow_config\": {\"top_k\": 1}", "arrow_config: "},
    {", \"modules_to_save\": [\"lm_head\"]", "modules_to_save: "},
    {", \"layer_replication\": [[0, 1]]", "layer_replication: "},
    {", \"target_parameters\": [\"x\"]", "target_parameters: "},
    {", \"trainable_token_indices\": [1]", "trainable_token_indices: "},
    {", \"alora_invocation_tokens\": [1]", "alora_invocation_tokens: "},
    {", \"use_qalora\": true", "use_qalora: "},
    {", \"kasa_config\": {\"beta\": 1}", "kasa_config: "},
    {", \"init_lora_weights\": \"pissa_niter_4\"", "init_lora_weights: |pissa_niter_4"},
    {", \"rank_pattern\": {\"v\": 0}", "rank_pattern: \"v\""},
    {", \"rank_pattern\": {\"v\": 3.0}", "rank_pattern: \"v\"|an integer"},
    {", \"rank_pattern\": [3]", "rank_pattern: |an array"},
    {", \"rank_pattern\": {\"v{,1}\": 3}", "rank_pattern: \"v{,1}\": |{,1}"},
    {", \"alpha_pattern\": {\"v\": \"x\"}", "alpha_pattern: \"v\""},
    {", \"target_modules\": [1]", "target_modules: element 0: "},
    {", \"target_modules\": {}", "target_modules: "},
    {", \"use_rslora\": 1", "use_rslora: "},
    {", \"layers_to_transform\": [0, \"x\"]", "layers_to_transform: |a string"},
    {", \"layers_to_transform\": -1", "layers_to_transform: |below 0"},
    {", \"layers_to_transform\": true", "layers_to_transform: "},
    {", \"r\": 2", "duplicate"},
    {", \"base_model_name_or_path\": 3", "base_model_name_or_path: "},
    {", \"use_dora\": false, \"modules_to_save\": [], \"bias\": \"none\"", NULL},
    {", \"comes_next\": null, \"comes_after\": {}, \"and_then\": false, \"last\": \"\"", NULL},
};

static void unsupported_keys_are_refused_by_name(void **state) {
  Scratch *s = *state;
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof UNSUPPORTED / sizeof *UNSUPPORTED; i++) {
    Error err = {0};
    Lora *lora;
    write_hand(s, &(Hand){.config = UNSUPPORTED[i].config});
    Status got = lora_open(&lora, s->dir, &m->modules, &err);
    assert_null(lora);
    /* Neutral values are no cause: then the rank of v is. */
    if (UNSUPPORTED[i].words) {
      expect_error(UNSUPPORTED[i].config, got, &err, STATUS_INPUT, UNSUPPORTED[i].words);
    } else {
      expect_error(UNSUPPORTED[i].config, got, &err, STATUS_MISMATCH,
                   "lora_A.weight: rank 3|says 2");
    }
  }
  t5_close(m);
}

/* Facts of a run that somebody wrote beside PEFT's own, one of them beyond 64 bits. */
static void keys_of_others_are_passed_over_and_said(void **state) {
  Error err = {0};
  PeftConfig c;
  Hand hand = {.config = ", \"run_id\": 17295743882340912345678, \"team\": \"q\", \"none\": \"\""};
  write_hand(*state, &hand);
  expect_ok("read", peft_config_read(&c, ((Scratch *)*state)->dir, &err), &err);
  assert_int_equal(c.notes, 1);
  assert_string_equal(c.note[0], "run_id, team: not known, and passed over as PEFT does");
  peft_config_free(&c);
}

static void what_is_no_plain_lora_is_refused(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *config, *words;
  } cases[] = {
      {"{\"peft_type\": \"IA3\"}", "peft_type: |\"IA3\"|\"LORA\""},
      {"{\"r\": 2}", "peft_type: |missing"},
      {"{\"peft_type\": \"LORA\", \"r\": 0, \"lora_alpha\": 2}", "r: |0"},
      {"{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": \"2\"}", "lora_alpha: |a string"},
      {"{\"peft_type\": \"LORA\"", "adapter_config.json: line 1"},
      {"[]", "an array"},
  };
  T5 *m = tiny_model(true, false);
  write_hand(s, &(Hand){0});
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Lora *lora;
    scratch_write(s, "adapter_config.json", cases[i].config, strlen(cases[i].config));
    Status got = lora_open(&lora, s->dir, &m->modules, &err);
    assert_null(lora);
    expect_error(cases[i].config, got, &err, STATUS_INPUT, cases[i].words);
  }
  t5_close(m);
}

static const struct {
  Hand hand;
  Status status;
  const char *words;
} STRANGERS[] = {
    {{.q_a = "base_model.model.encoder.block.7.layer.0.SelfAttention.q.lora_A.weight"},
     STATUS_MISMATCH,
     "encoder.block.7|no linear|2 encoder|another base"},
    {{.q_a = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"},
     STATUS_MISMATCH,
     "adapter_model.safetensors: base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"},
    {{.q_a = SELF "q.lora_A.weight"}, STATUS_INPUT, "is no factor|base_model.model.<module>"},
    {{.q_a = "base_model.model.lm_head.weight"},
     STATUS_INPUT,
     "lm_head.weight: is no factor|saved whole"},
    {{.q_a = "base_model.model.lm_head.lora_A.weight"},
     STATUS_INPUT,
     "lm_head.lora_A.weight: |lm_head, which is no linear of a block"},
    {{.q_a = "base_model.model.shared.lora_embedding_A"},
     STATUS_INPUT,
     "lora_embedding_A: |of an embedding"},
    {{.q_a = "base_model.model." SELF "q.bias"}, STATUS_INPUT, "q.bias: |a bias"},
    {{.q_a = "base_model.model." SELF "q.lora_magnitude_vector"}, STATUS_INPUT, "is no factor"},
    {{.q_a = "base_model.model." SELF "q.lora_A.default.weight"}, STATUS_INPUT, "is no factor"},
    {{.q_a = "base_model.model." SELF "k.lora_A.weight"},
     STATUS_INPUT,
     KEY("q", "A") ": is missing"},
    {{.empty = true}, STATUS_INPUT, KEY("v", "A") ": holds no values"},
    {{.no_b = true}, STATUS_INPUT, KEY("v", "B") ": is missing"},
    {{.wide = 1}, STATUS_MISMATCH, KEY("q", "A") "|25|24"},
    {{.config = ""}, STATUS_MISMATCH, KEY("v", "A") ": rank 3|says 2"},
};

static void tensors_that_do_not_fit_are_refused(void **state) {
  Scratch *s = *state;
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof STRANGERS / sizeof *STRANGERS; i++) {
    Error err = {0};
    Lora *lora;
    write_hand(s, &STRANGERS[i].hand);
    Status got = lora_open(&lora, s->dir, &m->modules, &err);
    assert_null(lora);
    expect_error(STRANGERS[i].words, got, &err, STRANGERS[i].status, STRANGERS[i].words);
  }
  t5_close(m);
}

/* The writer refuses NaN, so the file is made by a knife: the last value of the last tensor. */
static void numbers_that_are_none_are_refused(void **state) {
  Scratch *s = *state;
  static const struct {
    uint32_t bits;
    const char *words;
  } cases[] = {{0x7fc00000, KEY("v", "B") ": [15, 2]: is NaN"},
               {0xff800000, KEY("v", "B") ": [15, 2]: is infinite"}};
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < 2; i++) {
    Error err = {0};
    Lora *lora;
    write_hand(s, &(Hand){0});
    FILE *f = fopen(scratch_path(s, "adapter_model.safetensors"), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -4, SEEK_END), 0);
    assert_int_equal(fwrite(&cases[i].bits, 4, 1, f), 1);
    assert_int_equal(fclose(f), 0);
    Status got = lora_open(&lora, s->dir, &m->modules, &err);
    assert_null(lora);
    expect_error("bits", got, &err, STATUS_INPUT, cases[i].words);
  }
  t5_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scales_follow_the_configuration),
      cmocka_unit_test(what_is_not_said_has_defaults),
      cmocka_unit_test(declared_modules_are_those_with_factors),
      cmocka_unit_test(narrow_factors_are_widened),
      cmocka_unit_test(unsupported_keys_are_refused_by_name),
      cmocka_unit_test(keys_of_others_are_passed_over_and_said),
      cmocka_unit_test(what_is_no_plain_lora_is_refused),
      cmocka_unit_test(tensors_that_do_not_fit_are_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
