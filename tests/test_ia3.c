/* (IA)3 experts: what is made, that what is saved is opened, that ones change nothing, and every
 * refusal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "infer/expert/expert.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

static bool ends_in(const char *name, const char *part) {
  return strcmp(module_last_part(name), part) == 0;
}

static void what_is_made(void **state) {
  (void)state;
  T5 *m = tiny_model(true, false);
  Error err = {0};
  Ia3 *ia3;
  expect_ok("new", ia3_new(&ia3, &m->modules, "k,v,wo,k", "wo", &err), &err);
  int covered = 0;
  for (int i = 0; i < ia3->count; i++) {
    const Ia3Vector *v = &ia3->vector[i];
    const Module *module = &m->modules.module[i];
    bool wo = ends_in(module->name, "wo");
    bool named = wo || ends_in(module->name, "k") || ends_in(module->name, "v");
    assert_true(ia3_covers(ia3->vector, i) == named);
    if (!named) continue;
    covered++;
    assert_true(v->input == wo && v->l.needs_grad && v->l.rows == 1);
    assert_int_equal(v->l.cols, wo ? module->d_in : module->d_out);
    for (int64_t k = 0; k < v->l.cols; k++) assert_true(v->l.data[k] == 1);
  }
  assert_int_equal(covered, 2 * 8 + 5); /* k and v: 2 + 3 + 3; wo: 2 + 3 */
  assert_int_equal(ia3->covered, covered);
  ia3_close(ia3);
  t5_close(m);
}

static void what_cannot_be_made(void **state) {
  (void)state;
  static const struct {
    const char *targets, *feedforward, *words;
  } cases[] = {
      {"k,w", "", "target modules: |\"w\"|all-linear|wi_0"},
      {"k", "w", "feed-forward modules: |\"w\""},
      {"k,v", "wo", "feed-forward modules: |wo is not among|\"k,v\""},
  };
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Ia3 *ia3;
    Error err = {0};
    Status got = ia3_new(&ia3, &m->modules, cases[i].targets, cases[i].feedforward, &err);
    assert_null(ia3);
    expect_error(cases[i].targets, got, &err, STATUS_USAGE, cases[i].words);
  }
  t5_close(m);
}

/* The same sides, values and fingerprint, through every dtype; and that the loss is the base's
 * where the vectors are 1, to the bit. */
static void what_is_saved_is_opened(void **state) {
  Scratch *s = *state;
  static const Dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  T5 *m = tiny_model(true, false);
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    Error err = {0};
    Ia3 *made = tiny_ia3(m, "all-linear", "q,wo", 3);
    Expert opened;
    expect_ok("save", ia3_save(made, &m->modules, s->dir, "a base", types[t], &err), &err);
    expect_ok("open", expert_open(&opened, s->dir, &m->modules, &err), &err);
    assert_int_equal(expert_kind(&opened), PEFT_IA3);
    assert_string_equal(opened.ia3->base_name, "a base");
    assert_int_equal(opened.ia3->covered, made->covered);
    for (int i = 0; i < made->count; i++) {
      const Ia3Vector *a = &made->vector[i], *b = &opened.ia3->vector[i];
      assert_true(a->input == b->input && a->l.cols == b->l.cols);
      for (int64_t k = 0; k < a->l.cols; k++)
        assert_true(fabs((double)(a->l.data[k] - b->l.data[k])) <= (t == 0 ? 0 : 0.01));
    }
    if (t == 0) assert_string_equal(expert_fingerprint(&opened), made->fingerprint);
    if (t > 0) assert_string_not_equal(expert_fingerprint(&opened), made->fingerprint);
    expert_close(&opened);
    ia3_close(made);
  }
  t5_close(m);
}

static void ones_are_the_base(void **state) {
  (void)state;
  T5 *m = tiny_model(true, false);
  TinyBatch batch = tiny_batch(&m->config, 1);
  Error err = {0};
  Ia3 *ones, *other = tiny_ia3(m, "k,v,wo", "wo", 5);
  AdapterSet set, moved;
  expect_ok("new", ia3_new(&ones, &m->modules, "all-linear", "q,wo", &err), &err);
  expect_ok("slots", ia3_adapters(ones, &set, &err), &err);
  expect_ok("slots", ia3_adapters(other, &moved, &err), &err);
  Forward plain = tiny_forward(m, NULL, &batch, false, false, 1),
          same = tiny_forward(m, &set, &batch, false, false, 2),
          taped = tiny_forward(m, &moved, &batch, true, false, 1),
          bare = tiny_forward(m, &moved, &batch, false, false, 2),
          again = tiny_forward(m, &moved, &batch, true, true, 2);
  assert_memory_equal(&plain, &same, sizeof plain);
  assert_memory_equal(&taped, &bare, sizeof taped);
  assert_memory_equal(&taped, &again, sizeof taped);
  assert_true(fabsf(taped.loss - plain.loss) > 1e-3f);
  free(set.slot);
  free(moved.slot);
  ia3_close(ones);
  ia3_close(other);
  t5_close(m);
}

/* An adapter written by hand, on k (outputs, 16) and wo (inputs, 40) of the first block. */
#define SELF        "encoder.block.0.layer.0.SelfAttention."
#define FEED        "encoder.block.0.layer.1.DenseReluDense."
#define KEY(module) "base_model.model." module ".ia3_l"

typedef struct Hand {
  const char *config; /* from target_modules on; NULL: what fits */
  const char *key;    /* of the first vector; NULL: that of k */
  int64_t rows, cols; /* of the first vector; 0: [16, 1] */
  bool lone;          /* the second is left out */
} Hand;

static void write_hand(Scratch *s, const Hand *h) {
  float values[64];
  char config[1024];
  Error err = {0};
  for (int i = 0; i < 64; i++) values[i] = (float)(i % 5) / 2;
  const SafetensorsItem items[] = {{h->key ? h->key : KEY(SELF "k"), DTYPE_F32, values,
                                    h->rows ? h->rows : 16, h->cols ? h->cols : 1, false},
                                   {KEY(FEED "wo"), DTYPE_F32, values, 1, 40, false}};
  const char *path = scratch_path(s, "adapter_model.safetensors");
  expect_ok("tensors", safetensors_write(path, items, h->lone ? 1 : 2, NULL, 0, &err), &err);
  snprintf(config, sizeof config, "{\"peft_type\": \"IA3\", %s}",
           h->config ? h->config
                     : "\"target_modules\": [\"" SELF "k\", \"" FEED
                       "wo\"], "
                       "\"feedforward_modules\": [\"wo\"]");
  scratch_write(s, "adapter_config.json", config, strlen(config));
}

#define TARGETS "\"target_modules\": [\"" SELF "k\", \"" FEED "wo\"], "

static void configurations_are_read_as_peft_reads_them(void **state) {
  Scratch *s = *state;
  static const char *const CONFIG[] = {
      NULL,
      TARGETS "\"feedforward_modules\": [\"DenseReluDense.wo\"]",
      TARGETS "\"feedforward_modules\": [\"o\"]", /* of the end of a name, after a dot or not */
      TARGETS "\"feedforward_modules\": \".*\\\\.wo\"",
      TARGETS "\"feedforward_modules\": null", /* as the shapes say */
      "\"target_modules\": \".*block.0.layer.(0.SelfAttention.k|1.DenseReluDense.wo)\", "
      "\"exclude_modules\": \"decoder.*\", \"feedforward_modules\": [\"wo\"], "
      "\"init_ia3_weights\": false, \"modules_to_save\": null",
  };
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof CONFIG / sizeof *CONFIG; i++) {
    Error err = {0};
    Ia3 *ia3;
    write_hand(s, &(Hand){.config = CONFIG[i]});
    expect_ok(CONFIG[i], ia3_open(&ia3, s->dir, &m->modules, &err), &err);
    assert_int_equal(ia3->covered, 2);
    for (int k = 0; k < ia3->count; k++)
      assert_true(!ia3->vector[k].input || ends_in(m->modules.module[k].name, "wo"));
    ia3_close(ia3);
  }
  t5_close(m);
}

static const struct {
  Hand hand;
  Status status;
  const char *words;
} UNFIT[] = {
    {{.config = TARGETS "\"feedforward_modules\": []"},
     STATUS_MISMATCH,
     KEY(FEED "wo") ": is [1, 40], a vector of inputs|does not name|[24, 1] of outputs"},
    {{.config = TARGETS "\"feedforward_modules\": [\"k\", \"wo\"]"},
     STATUS_MISMATCH,
     KEY(SELF "k") ": is [16, 1], a vector of outputs|names the module|[1, 24] of inputs"},
    {{.rows = 15}, STATUS_MISMATCH, KEY(SELF "k") ": is [15, 1], want [16, 1]|another base"},
    {{.rows = 4, .cols = 4}, STATUS_MISMATCH, "is [4, 4], want [16, 1]"},
    {{.lone = true}, STATUS_MISMATCH, "target_modules: names \"" FEED "wo\"|no vector"},
    {{.config = "\"target_modules\": [\"wo\"], \"feedforward_modules\": [\"wo\"]"},
     STATUS_MISMATCH,
     "target_modules: does not name \"" SELF "k\"|vector"},
    {{.key = KEY("encoder.block.7.layer.0.SelfAttention.k")},
     STATUS_MISMATCH,
     "encoder.block.7|no linear|another base"},
    {{.key = SELF "k.ia3_l"}, STATUS_INPUT, "is no vector of an (IA)3"},
    {{.key = "base_model.model." SELF "k.lora_A.weight"}, STATUS_INPUT, "is no vector"},
    {{.key = "base_model.model.lm_head.weight"}, STATUS_INPUT, "lm_head.weight: is no vector"},
    {{.config = TARGETS "\"feedforward_modules\": [1]"},
     STATUS_INPUT,
     "feedforward_modules: element 0: "},
    {{.config = TARGETS "\"modules_to_save\": [\"lm_head\"]"},
     STATUS_INPUT,
     "modules_to_save: |(IA)3"},
    {{.config = "\"peft_type\": \"IA3\""}, STATUS_INPUT, "duplicate"},
};

static void what_does_not_fit_is_refused(void **state) {
  Scratch *s = *state;
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof UNFIT / sizeof *UNFIT; i++) {
    Error err = {0};
    Ia3 *ia3;
    write_hand(s, &UNFIT[i].hand);
    Status got = ia3_open(&ia3, s->dir, &m->modules, &err);
    assert_null(ia3);
    expect_error(UNFIT[i].words, got, &err, UNFIT[i].status, UNFIT[i].words);
  }
  t5_close(m);
}

/* The writer refuses NaN, so the file is made by a knife: the last value of the last tensor. */
static void numbers_that_are_none_are_refused(void **state) {
  Scratch *s = *state;
  static const uint32_t NAN_BITS = 0x7fc00000;
  T5 *m = tiny_model(true, false);
  Error err = {0};
  Ia3 *ia3;
  write_hand(s, &(Hand){0});
  FILE *f = fopen(scratch_path(s, "adapter_model.safetensors"), "r+b");
  assert_non_null(f);
  assert_int_equal(fseek(f, -4, SEEK_END), 0);
  assert_int_equal(fwrite(&NAN_BITS, 4, 1, f), 1);
  assert_int_equal(fclose(f), 0);
  Status got = ia3_open(&ia3, s->dir, &m->modules, &err);
  assert_null(ia3);
  expect_error("bits", got, &err, STATUS_INPUT, KEY(FEED "wo") ": [0, 39]: is NaN");
  t5_close(m);
}

static const struct {
  const char *key;
  int64_t rows, cols;
  const char *other; /* [1, 24], where it is there */
  Status status;
  const char *words;
} CHECKPOINT[] = {
    {SELF "k.multi_lora_b", 16, 1, NULL, STATUS_OK, ""},
    {SELF "k.multi_lora_a", 1, 24, NULL, STATUS_OK, ""},
    {SELF "k.multi_lora_b", 1, 16, NULL, STATUS_MISMATCH,
     "finish: " SELF "k.multi_lora_b: is [1, 16], want [16, 1]|another base"},
    {SELF "k.multi_lora_b", 16, 1, SELF "k.multi_lora_a", STATUS_INPUT,
     "k.multi_lora_a: stands beside multi_lora_b"},
    {"encoder.block.9.layer.0.SelfAttention.k.multi_lora_b", 16, 1, NULL, STATUS_MISMATCH,
     "block.9|no such linear|another base"},
    {SELF "k.lora_a", 1, 24, NULL, STATUS_INPUT, "k.lora_a: is no vector|T-Few"},
    {SELF "k.multi_lora_b", 16, 1, "shared.weight", STATUS_INPUT, "shared.weight: is no vector"},
};

/* A file as T-Few saves it, of one vector or two. */
static void checkpoints_of_tfew_are_checked(void **state) {
  Scratch *s = *state;
  float values[64];
  for (int i = 0; i < 64; i++) values[i] = (float)(i % 5) / 2;
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof CHECKPOINT / sizeof *CHECKPOINT; i++) {
    const SafetensorsItem items[] = {
        {CHECKPOINT[i].key, DTYPE_F32, values, CHECKPOINT[i].rows, CHECKPOINT[i].cols, false},
        {CHECKPOINT[i].other, DTYPE_F32, values, 1, 24, false}};
    Error err = {0};
    Expert expert;
    const char *path = scratch_path(s, "finish");
    expect_ok(path, safetensors_write(path, items, CHECKPOINT[i].other ? 2 : 1, NULL, 0, &err),
              &err);
    Status got = expert_open(&expert, path, &m->modules, &err);
    if (CHECKPOINT[i].status == STATUS_OK) {
      expect_ok(CHECKPOINT[i].key, got, &err);
      assert_true(expert.ia3->covered == 1 && !*expert.ia3->base_name);
    } else {
      expect_error(CHECKPOINT[i].words, got, &err, CHECKPOINT[i].status, CHECKPOINT[i].words);
    }
    expert_close(&expert);
  }
  t5_close(m);
}

/* A reader of one kind says which kind it found. */
static void kinds_are_not_mixed_up(void **state) {
  Scratch *s = *state;
  T5 *m = tiny_model(true, false);
  Error err = {0};
  Lora *lora;
  write_hand(s, &(Hand){0});
  Status got = lora_open(&lora, s->dir, &m->modules, &err);
  expect_error("lora", got, &err, STATUS_INPUT, "peft_type: |\"IA3\"|\"LORA\"");
  static const char OTHER[] = "{\"peft_type\": \"PROMPT_TUNING\"}";
  Expert expert;
  Error other = {0};
  scratch_write(s, "adapter_config.json", OTHER, sizeof OTHER - 1);
  got = expert_open(&expert, s->dir, &m->modules, &other);
  expect_error("other", got, &other, STATUS_INPUT, "peft_type: |PROMPT_TUNING|\"LORA\"|\"IA3\"");
  t5_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_made),
      cmocka_unit_test(what_cannot_be_made),
      cmocka_unit_test(what_is_saved_is_opened),
      cmocka_unit_test(ones_are_the_base),
      cmocka_unit_test(configurations_are_read_as_peft_reads_them),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),
      cmocka_unit_test(checkpoints_of_tfew_are_checked),
      cmocka_unit_test(kinds_are_not_mixed_up),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
