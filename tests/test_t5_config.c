/* config.json of a T5: what is accepted with which meaning, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/t5/t5_layout.h"
#include "tests/scratch.h"

#define SHAPE                                                                           \
  "\"vocab_size\": 100, \"d_model\": 16, \"d_kv\": 4, \"d_ff\": 32, \"num_heads\": 2, " \
  "\"num_layers\": 3"

static Status read_text(Scratch *s, const char *text, T5Config *c, Error *err) {
  scratch_write(s, "config.json", text, strlen(text));
  return t5_config_read(c, s->dir, err);
}

/* Reads {"model_type": <type>, <shape>, <more>}. */
static T5Config read_with(Scratch *s, const char *type, const char *more) {
  char text[1024];
  T5Config c;
  Error err = {0};
  snprintf(text, sizeof text, "{\"model_type\": \"%s\", " SHAPE "%s}", type, more);
  expect_ok(text, read_text(s, text, &c, &err), &err);
  return c;
}

/* T5Config of Hugging Face transformers: what an absent key means. */
static void absent_keys_have_defaults(void **state) {
  T5Config c = read_with(*state, "t5", "");
  assert_int_equal(c.vocab_size, 100);
  assert_int_equal(t5_inner(&c), 8);
  assert_int_equal(c.encoder_layers, 3);
  assert_int_equal(c.decoder_layers, 3);
  assert_int_equal(c.buckets, 32);
  assert_int_equal(c.max_distance, 128);
  assert_true(c.act == ACT_RELU && !c.gated && c.tied && c.scale_decoder_outputs);
  assert_true(c.norm_eps == 1e-6);
  assert_true(c.pad_id == 0 && c.eos_id == 1 && c.decoder_start_id == 0);
}

static void given_keys_count(void **state) {
  T5Config c = read_with(
      *state, "t5",
      ", \"num_decoder_layers\": 5, \"relative_attention_num_buckets\": 16,"
      "\"relative_attention_max_distance\": 9, \"layer_norm_epsilon\": 1e-5, \"pad_token_id\": 3,"
      "\"eos_token_id\": 4, \"is_gated_act\": true, \"dense_act_fn\": \"gelu_new\","
      "\"feed_forward_proj\": \"gated-gelu\", \"unheard_of\": [1]");
  assert_int_equal(c.encoder_layers, 3);
  assert_int_equal(c.decoder_layers, 5);
  assert_int_equal(c.buckets, 16);
  assert_int_equal(c.max_distance, 9);
  assert_true(c.act == ACT_GELU_TANH && c.gated);
  assert_true(c.norm_eps == 1e-5);
  assert_true(c.pad_id == 3 && c.eos_id == 4);
  assert_int_equal(c.decoder_start_id, 3); /* the decoder starts with pad where nothing is said */
  c = read_with(*state, "t5", ", \"decoder_start_token_id\": 7, \"num_decoder_layers\": null");
  assert_int_equal(c.decoder_start_id, 7);
  assert_int_equal(c.decoder_layers, 3);
  c = read_with(*state, "t5", ", \"eos_token_id\": [5, 1]");
  assert_int_equal(c.eos_id, 5);
}

/* Where config.json does not say it. */
static void the_start_may_be_said_beside(void **state) {
  Scratch *s = *state;
  static const char beside[] = "{\"decoder_start_token_id\": 9, \"num_beams\": 4}";
  static const char wrong[] = "{\"decoder_start_token_id\": 900}";
  Error err = {0};
  T5Config c;
  scratch_write(s, "generation_config.json", beside, strlen(beside));
  assert_int_equal(read_with(s, "t5", "").decoder_start_id, 9);
  assert_int_equal(read_with(s, "t5", ", \"decoder_start_token_id\": 7").decoder_start_id, 7);
  scratch_write(s, "generation_config.json", wrong, strlen(wrong));
  expect_error("beside", read_text(s, "{\"model_type\": \"t5\", " SHAPE "}", &c, &err), &err,
               STATUS_INPUT, "generation_config.json: decoder_start_token_id: |900");
  remove(scratch_path(s, "generation_config.json"));
}

static void tying_and_scaling(void **state) {
  static const struct {
    const char *type, *more;
    bool tied, scaled;
  } cases[] = {
      {"t5", "", true, true},
      {"t5", ", \"tie_word_embeddings\": true", true, true},
      {"t5", ", \"tie_word_embeddings\": false", false, false},
      /* transformers 5 */
      {"t5", ", \"tie_word_embeddings\": true, \"scale_decoder_outputs\": true", false, true},
      {"t5", ", \"tie_word_embeddings\": true, \"scale_decoder_outputs\": false", false, false},
      {"t5", ", \"tie_word_embeddings\": false, \"scale_decoder_outputs\": true", false, true},
      {"mt5", "", false, false},
      {"mt5", ", \"tie_word_embeddings\": true", false, false},
      {"mt5", ", \"tie_word_embeddings\": true, \"transformers_version\": \"5.23.0\"", false,
       false},
      {"mt5", ", \"tie_word_embeddings\": true, \"transformers_version\": \"4.46.3\"", true, true},
      {"mt5", ", \"tie_word_embeddings\": false, \"transformers_version\": \"4.46.3\"", false,
       false},
      {"mt5", ", \"scale_decoder_outputs\": true", false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    T5Config c = read_with(*state, cases[i].type, cases[i].more);
    if (c.tied != cases[i].tied || c.scale_decoder_outputs != cases[i].scaled) {
      fail_msg("%s%s: tied %d, scaled %d", cases[i].type, cases[i].more, c.tied,
               c.scale_decoder_outputs);
    }
  }
}

static void forms_of_the_feed_forward(void **state) {
  static const struct {
    const char *type, *more;
    Act act;
    bool gated;
  } cases[] = {
      {"t5", ", \"feed_forward_proj\": \"relu\"", ACT_RELU, false},
      {"t5", ", \"feed_forward_proj\": \"gated-relu\"", ACT_RELU, true},
      {"t5", ", \"feed_forward_proj\": \"gelu_new\"", ACT_GELU_TANH, false},
      {"t5", ", \"feed_forward_proj\": \"gated-gelu_new\"", ACT_GELU_TANH, true},
      {"t5", ", \"feed_forward_proj\": \"gelu\"", ACT_GELU_ERF, false},
      {"t5", ", \"feed_forward_proj\": \"gated-gelu_python\"", ACT_GELU_ERF, true},
      {"t5", ", \"feed_forward_proj\": \"gated-silu\"", ACT_SILU, true},
      {"t5", ", \"feed_forward_proj\": \"swish\"", ACT_SILU, false},
      {"t5", ", \"feed_forward_proj\": \"gated-sigmoid\"", ACT_SIGMOID, true},
      {"t5", ", \"feed_forward_proj\": \"tanh\"", ACT_TANH, false},
      {"t5", ", \"feed_forward_proj\": \"gelu_pytorch_tanh\"", ACT_GELU_TANH, false},
      {"mt5", "", ACT_GELU_TANH, true},
      /* What transformers computes where the keys differ. */
      {"t5", ", \"feed_forward_proj\": \"gated-gelu\", \"dense_act_fn\": \"gelu\"", ACT_GELU_ERF,
       true},
      {"t5", ", \"feed_forward_proj\": \"relu\", \"is_gated_act\": true", ACT_RELU, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    T5Config c = read_with(*state, cases[i].type, cases[i].more);
    assert_true(c.act == cases[i].act && c.gated == cases[i].gated);
  }
}

static void what_is_wrong_is_refused_by_key(void **state) {
  static const struct {
    const char *text, *words;
  } cases[] = {
      {"{" SHAPE "}", "config.json: |model_type"},
      {"[1]", "config.json: |an array|an object"},
      {"{\"model_type\": \"umt5\", " SHAPE "}", "model_type: |\"umt5\"|every block|\"t5\""},
      {"{\"model_type\": \"longt5\"}", "model_type: |\"longt5\"|global attention"},
      {"{\"model_type\": \"switch_transformers\"}", "model_type: |routed experts"},
      {"{\"model_type\": \"pix2struct\"}", "model_type: |image patches"},
      {"{\"model_type\": \"t5\", \"architectures\": [\"T5ForSequenceClassification\"]}",
       "architectures: |T5ForSequenceClassification|T5ForConditionalGeneration"},
      {"{\"model_type\": \"t5\", \"quantization_config\": {\"load_in_8bit\": true}}",
       "quantization_config: |before quantisation"},
      {"{\"model_type\": \"bert\", " SHAPE "}", "model_type: |\"bert\""},
      {"{\"model_type\": \"t5\", \"d_model\": 8}", "vocab_size: |missing"},
      {"{\"model_type\": \"t5\", \"vocab_size\": 9, \"d_model\": \"8\"}", "d_model: |a string"},
      {"{\"model_type\": \"t5\", \"vocab_size\": 99999999}", "vocab_size: |99999999"},
      {"{\"model_type\": \"t5\", \"vocab_size\": 9, \"d_model\": 0}", "d_model: |0"},
      {"{\"model_type\": \"t5\", \"vocab_size\": 1, \"d_model\": 8, \"d_kv\": 4, \"d_ff\": 8, "
       "\"num_heads\": 2, \"num_layers\": 1}",
       "eos_token_id: is missing"},
  };
  Error err;
  T5Config c;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    err = (Error){0};
    expect_error(cases[i].text, read_text(*state, cases[i].text, &c, &err), &err, STATUS_INPUT,
                 cases[i].words);
  }
}

static void what_cannot_be_is_refused_by_key(void **state) {
  static const struct {
    const char *more, *words;
  } cases[] = {
      {"\"num_heads\": 0", "duplicate|num_heads"},
      {"\"num_decoder_layers\": 0", "num_decoder_layers: |0"},
      {"\"relative_attention_num_buckets\": 3", "relative_attention_num_buckets: |3"},
      {"\"relative_attention_max_distance\": 16", "relative_attention_max_distance: |16|17"},
      {"\"feed_forward_proj\": \"gated-mish\"", "feed_forward_proj: |\"mish\"|gelu_new|silu"},
      {"\"feed_forward_proj\": \"gated-\"", "feed_forward_proj: |\"\""},
      {"\"feed_forward_proj\": 1", "feed_forward_proj: |an integer"},
      {"\"is_gated_act\": 1", "is_gated_act: "},
      {"\"feed_forward_proj\": \"gated-gelu\", \"dense_act_fn\": \"relu6\"",
       "dense_act_fn: |\"relu6\"|gelu_new"},
      {"\"tie_word_embeddings\": 1", "tie_word_embeddings: "},
      {"\"scale_decoder_outputs\": \"no\"", "scale_decoder_outputs: "},
      {"\"eos_token_id\": 100", "eos_token_id: |100|99"},
      {"\"eos_token_id\": [1, 100]", "eos_token_id: element 1: |99"},
      {"\"eos_token_id\": [\"1\"]", "eos_token_id: element 0: "},
      {"\"pad_token_id\": -1", "pad_token_id: |-1"},
      {"\"decoder_start_token_id\": 1000", "decoder_start_token_id: "},
      {"\"layer_norm_epsilon\": -1e-6", "layer_norm_epsilon: "},
  };
  char text[1024];
  T5Config c;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    snprintf(text, sizeof text, "{\"model_type\": \"t5\", " SHAPE ", %s}", cases[i].more);
    expect_error(text, read_text(*state, text, &c, &err), &err, STATUS_INPUT, cases[i].words);
  }
}

static void a_missing_file_is_refused(void **state) {
  Scratch *s = *state;
  Error err = {0};
  T5Config c;
  remove(scratch_path(s, "config.json"));
  expect_error("missing", t5_config_read(&c, s->dir, &err), &err, STATUS_INPUT,
               ": has no config.json, so it is not the directory of a T5");
}

static void what_is_written_is_read(void **state) {
  Scratch *s = *state;
  static const char *const names[] = {"t5-small", "t5-v1_1-xl", "t5-xl"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    Error err = {0};
    T5Config c, back;
    assert_true(t5_config_named(&c, names[i]));
    c.decoder_layers = 2;
    c.norm_eps = 3e-7;
    c.eos_id = 17;
    expect_ok("write", t5_config_write(&c, s->dir, DTYPE_BF16, &err), &err);
    expect_ok("read", t5_config_read(&back, s->dir, &err), &err);
    assert_false(back.tied); /* scale_decoder_outputs is written, so the weights decide */
    back.tied = c.tied;
    assert_memory_equal(&c, &back, offsetof(T5Config, norm_eps));
    assert_true(back.norm_eps == c.norm_eps && back.eos_id == 17);
  }
}

/* The number of parameters of the published checkpoints, as `model.num_parameters()` of Hugging
 * Face transformers counts them; layout alone, no memory for values. */
static void named_shapes_have_the_published_size(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int64_t parameters;
    int linears;
  } published[] = {
      {"t5-small", 60506624, 6 * 16},        {"t5-base", 222903552, 12 * 16},
      {"t5-large", 737668096, 24 * 16},      {"t5-xl", 2851598336, 24 * 16},
      {"t5-v1_1-small", 76961152, 8 * 18},   {"t5-v1_1-base", 247577856, 12 * 18},
      {"t5-v1_1-large", 783150080, 24 * 18}, {"t5-v1_1-xl", 2849757184, 432},
  };
  for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
    Error err = {0};
    T5 *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_non_null(strstr(t5_config_names(), published[i].name));
    assert_true(t5_config_named(&m->config, published[i].name));
    expect_ok("layout", t5_layout(m, !m->config.tied, &err), &err);
    int64_t count = 0, lora = 0, gates = 0;
    for (int k = 0; k < m->tensors; k++) count += tensor_count(m->tensor[k].tensor);
    for (int k = 0; k < m->modules.count; k++) {
      lora += 16 * (m->linear[k].weight.rows + m->linear[k].weight.cols);
      gates += m->linear[k].weight.cols;
      assert_ptr_equal(modules_find(&m->modules, m->modules.module[k].name), &m->modules.module[k]);
    }
    if (count != published[i].parameters) fail_msg("%s: %jd", published[i].name, (intmax_t)count);
    assert_int_equal(m->modules.count, published[i].linears);
    if (i == 7) { /* an expert of PHATGOOSE (arXiv 2402.05859): rank 16 on every linear */
      assert_int_equal(lora, 35389440);
      assert_int_equal(gates, 1032192);
    }
    assert_null(modules_find(&m->modules, "encoder.block.0.layer.0.SelfAttention"));
    t5_close(m);
  }
  T5Config c;
  assert_false(t5_config_named(&c, "t5-tiny"));
  assert_true(t5_config_named(&c, "demo") && c.vocab_size == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(absent_keys_have_defaults),
      cmocka_unit_test(given_keys_count),
      cmocka_unit_test(the_start_may_be_said_beside),
      cmocka_unit_test(tying_and_scaling),
      cmocka_unit_test(forms_of_the_feed_forward),
      cmocka_unit_test(what_is_wrong_is_refused_by_key),
      cmocka_unit_test(what_cannot_be_is_refused_by_key),
      cmocka_unit_test(a_missing_file_is_refused),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(named_shapes_have_the_published_size),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
