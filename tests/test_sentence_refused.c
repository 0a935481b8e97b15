/* Encoders of sentences that are not computed are refused by name; damaged files are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "tests/damage.h"
#include "tests/sentence_world.h"
#include "tests/testing.h"

typedef struct Refusal {
  const char *file, *from, *to;
  Status status;
  const char *words;
} Refusal;

static Status read_dir(const char *dir, void *arg, Error *err) {
  (void)arg;
  Sentence *s;
  const SentenceSettings settings = {.dir = dir, .threads = 1};
  Status status = sentence_open(&s, &settings, err);
  if (status != STATUS_OK) return status;
  static const char *const text[] = {"the map"};
  float out[64];
  int64_t failed;
  assert_in_range(sentence_dim(s), 1, 64);
  status = sentence_embed(s, text, 1, out, &failed, err);
  sentence_close(s);
  return status;
}

static void expect_refusals(Scratch *s, const char *name, const Refusal *row, size_t count) {
  json_t *golden = golden_json("sentence/expected.json");
  sentence_world_write(s, sentence_world_case(golden, name), NULL);
  for (size_t i = 0; i < count; i++) {
    Error err = {0};
    const Damage d = {.file = row[i].file, .read = read_dir};
    Status got = damage_by_hand(s, &d, (Change){row[i].from, row[i].to, 0}, &err);
    expect_error(row[i].to, got, &err, row[i].status, row[i].words);
  }
  json_decref(golden);
}

#define COUNT(list) (sizeof list / sizeof *list)
#define CONFIG      "config.json"
#define MODULES     "modules.json"
#define POOLING     "1_Pooling/config.json"

static const Refusal OF_BERT[] = {
    {CONFIG, "\"bert\"", "\"roberta\"", STATUS_INPUT, "model_type|roberta"},
    {CONFIG, "\"gelu\"", "\"mish\"", STATUS_INPUT, "hidden_act|mish"},
    {CONFIG, "\"hidden_act\"", "\"position_embedding_type\": \"relative_key\", \"hidden_act\"",
     STATUS_INPUT, "position_embedding_type|relative_key"},
    {CONFIG, "\"is_decoder\": false", "\"is_decoder\": true", STATUS_INPUT, "is_decoder"},
    {CONFIG, "\"num_attention_heads\": 2", "\"num_attention_heads\": 3", STATUS_INPUT, "heads"},
    {CONFIG, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", STATUS_MISMATCH,
     "encoder.layer.2"},
    {CONFIG, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", STATUS_MISMATCH,
     "encoder.layer.1"},
    {CONFIG, "\"hidden_size\": 16", "\"hidden_size\": 1048577", STATUS_INPUT, "hidden_size"},
    {MODULES, "sentence_transformers.models.Pooling", "my_code.Pooling", STATUS_INPUT,
     "my_code.Pooling"},
    {MODULES, "models.Normalize", "models.LSTM", STATUS_INPUT, "module 2|LSTM"},
    {MODULES, "models.Pooling", "models.Normalize", STATUS_INPUT, "module 1"},
    {MODULES, "1_Pooling", "../Pooling", STATUS_INPUT, "../Pooling"},
    {POOLING, "\"word_embedding_dimension\":16", "\"word_embedding_dimension\":8", STATUS_MISMATCH,
     "word_embedding_dimension"},
    {POOLING, "\"pooling_mode_cls_token\":false", "\"pooling_mode_attention\":true", STATUS_INPUT,
     "pooling_mode_attention"},
    {POOLING, "\"pooling_mode_cls_token\":false", "\"pooling_mode\":\"median\"", STATUS_INPUT,
     "median"},
    {"tokenizer_config.json", "\"do_lower_case\": true", "\"do_lower_case\": 1", STATUS_INPUT,
     "do_lower_case"},
    {"vocab.txt", "[UNK]", "[unk]", STATUS_INPUT, "unknown piece"},
    {"vocab.txt", "[CLS]", "[cls]", STATUS_INPUT, "begin|BERT"},
    {"vocab.txt", "map\n", "the\n", STATUS_INPUT, "already defined"},
};
static const Refusal OF_DENSE[] = {
    {"2_Dense/config.json", "activation.Tanh", "activation.Softmax", STATUS_INPUT, "Softmax"},
    {"2_Dense/config.json", "torch.nn.modules.activation.Tanh", "os.system.Tanh", STATUS_INPUT,
     "os.system"},
    {"2_Dense/config.json", "\"in_features\": 16", "\"in_features\": 17", STATUS_MISMATCH,
     "linear.weight"},
    {"2_Dense/config.json", "\"bias\": true", "\"bias\": true, \"use_residual\": true",
     STATUS_INPUT, "use_residual"},
    {"2_Dense/config.json", "\"sentence_embedding\"", "\"token_embeddings\"", STATUS_INPUT,
     "module_input_name"},
};

static void what_is_not_computed_is_named(void **state) {
  expect_refusals(*state, "normalised and cut", OF_BERT, COUNT(OF_BERT));
  expect_refusals(*state, "dense", OF_DENSE, COUNT(OF_DENSE));
}

static void what_nomic_bert_may_not_have_is_named(void **state) {
  static const Refusal rows[] = {
      {CONFIG, "\"swiglu\"", "\"geglu\"", STATUS_INPUT, "activation_function|geglu"},
      {CONFIG, "\"prenorm\": false", "\"prenorm\": true", STATUS_INPUT, "prenorm"},
      {CONFIG, "\"rotary_scaling_factor\": null", "\"rotary_scaling_factor\": 2", STATUS_INPUT,
       "rotary_scaling_factor"},
      {CONFIG, "\"rotary_emb_fraction\": 1.0", "\"rotary_emb_fraction\": 0.5", STATUS_INPUT,
       "rotary_emb_fraction"},
      {CONFIG, "\"rotary_emb_interleaved\": false", "\"rotary_emb_interleaved\": true",
       STATUS_INPUT, "rotary_emb_interleaved"},
      {"model.safetensors", "attn.Wqkv", "attn.Wqkx", STATUS_MISMATCH, "names"},
  };
  json_t *golden = golden_json("sentence/expected.json");
  Scratch *s = *state;
  sentence_world_write(s, sentence_world_case(golden, "nomic"), "contrastors");
  for (size_t i = 0; i < COUNT(rows); i++) {
    Error err = {0};
    const Damage d = {.file = rows[i].file, .read = read_dir};
    Status got = damage_by_hand(s, &d, (Change){rows[i].from, rows[i].to, 0}, &err);
    expect_error(rows[i].to, got, &err, rows[i].status, rows[i].words);
  }
  json_decref(golden);
}

static void damaged_files_are_refused_or_sound(void **state) {
  static const char *const PIECES[] = {"0",    "-1",   "1e9", "{",        "[",        "null",
                                       "true", "\"\"", "[]",  "\"path\"", "\"type\"", "\"mean\""};
  static const char *const FILES[] = {CONFIG,
                                      MODULES,
                                      POOLING,
                                      "sentence_bert_config.json",
                                      "config_sentence_transformers.json",
                                      "tokenizer_config.json"};
  json_t *golden = golden_json("sentence/expected.json");
  Scratch *s = *state;
  sentence_world_write(s, sentence_world_case(golden, "default prompt"), NULL);
  static const char LIMITS[] = "{\"max_seq_length\": 9, \"do_lower_case\": true}";
  scratch_write(s, "sentence_bert_config.json", LIMITS, sizeof LIMITS - 1);
  for (size_t i = 0; i < COUNT(FILES); i++) {
    const Damage d = {.file = FILES[i],
                      .piece = PIECES,
                      .pieces = COUNT(PIECES),
                      .rounds = 150,
                      .read = read_dir,
                      .also = STATUS_USAGE};
    damage_file(s, &d);
  }
  json_decref(golden);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_computed_is_named),
      cmocka_unit_test(what_nomic_bert_may_not_have_is_named),
      cmocka_unit_test(damaged_files_are_refused_or_sound),
  };
  blas_init();
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
