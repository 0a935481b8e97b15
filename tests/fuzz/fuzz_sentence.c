/* The readers of encoders of sentences: what a directory says of its model, its steps and its texts.
 * What opens embeds, and says the same of itself when it is opened again. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/tokenizer/tokenizer.h"
#include "infer/sentence/sentence.h"
#include "tests/fuzz/target.h"

#define MODEL   "sentence/bert/"
#define SEEDS   "tests/fuzz/seeds/*."
#define MODULES "modules.json"
#define LIMITS  "sentence_bert_config.json"
#define POOLING "1_Pooling/config.json"
#define PROMPTS "config_sentence_transformers.json"
#define DENSE   "2_Dense"

static void embed(Sentence *s) {
  enum { TEXTS = 3 };
  static const char *const TEXT[TEXTS] = {"the map of the clock", "a",
                                          "The old caf\xc3\xa9, [MASK]!"};
  Error err = {0};
  int64_t failed;
  float *vector = calloc((size_t)(TEXTS * sentence_dim(s)), sizeof *vector);
  MUST(vector && sentence_dim(s) > 0 && sentence_longest(s) > 0);
  Status got = sentence_embed(s, TEXT, TEXTS, vector, &failed, &err);
  MUST(got == STATUS_OK || (got == STATUS_INPUT && failed >= 0 && failed < TEXTS));
  free(vector);
}

static void read_sentence(const Input *in) {
  Error err = {0};
  const SentenceSettings settings = {.dir = in->dir, .threads = 1};
  Sentence *s, *again;
  if (!taken(in, sentence_open(&s, &settings, &err), &err)) return;
  embed(s);
  sound(sentence_open(&again, &settings, &err), &err);
  MUST(strcmp(sentence_fingerprint(s), sentence_fingerprint(again)) == 0);
  sentence_close(again);
  sentence_close(s);
}

/* ---- the directory ---- */

static void write_text(const char *dir, const char *name, const char *text) {
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, name);
  sound(file_write(path, text, strlen(text), &err), &err);
  free(path);
}

static char *make_folder(const char *dir, const char *name) {
  Error err = {0};
  char *folder = place(&(Input){.dir = dir}, name);
  sound(dir_make(folder, &err), &err);
  return folder;
}

#define STEP(path, type) \
  "{\"path\": \"" path "\", \"type\": \"sentence_transformers.models." type "\"}"
#define ENCODES STEP("", "Transformer") ", " STEP("1_Pooling", "Pooling")
#define REDUCES STEP("2_Dense", "Dense") ", " STEP("3_Normalize", "Normalize")

/* The model, a step of each kind, and all that may be said of them. */
static void *write_sentence(const char *dir) {
  borrow(dir, MODEL "config.json");
  borrow(dir, MODEL "model.safetensors");
  borrow(dir, MODEL "tokenizer_config.json");
  borrow(dir, MODEL "vocab.txt");
  free(make_folder(dir, "1_Pooling"));
  char *dense = make_folder(dir, DENSE);
  borrow(dense, "sentence/dense/config.json");
  borrow(dense, "sentence/dense/model.safetensors");
  free(dense);
  write_text(dir, MODULES, "[" ENCODES ", " REDUCES "]");
  write_text(dir, LIMITS, "{\"max_seq_length\": 24, \"do_lower_case\": true}");
  write_text(dir, POOLING,
             "{\"word_embedding_dimension\": 16, \"pooling_mode_cls_token\": false,"
             " \"pooling_mode_mean_tokens\": true, \"include_prompt\": false}");
  write_text(dir, PROMPTS,
             "{\"prompts\": {\"query\": \"the \", \"document\": \"\"},"
             " \"default_prompt_name\": \"query\", \"similarity_fn_name\": \"cosine\"}");
  return NULL;
}

/* The same without Dense, which takes one width. */
static void *write_pooled(const char *dir) {
  write_sentence(dir);
  write_text(dir, MODULES, "[" ENCODES "]");
  return NULL;
}

/* The model without steps, with a tokenizer.json in the place of its vocabulary. */
static void *write_wordpiece(const char *dir) {
  Error err = {0};
  Tokenizer *t;
  char *vocabulary = place(&(Input){.dir = dir}, "vocab.txt");
  borrow(dir, MODEL "config.json");
  borrow(dir, MODEL "model.safetensors");
  borrow(dir, MODEL "vocab.txt");
  sound(tokenizer_open(&t, dir, &err), &err);
  sound(tokenizer_save(t, dir, &err), &err);
  tokenizer_close(t);
  sound(file_remove(vocabulary, &err), &err);
  free(vocabulary);
  return NULL;
}

#define READS .words = "sentence", .world = write_sentence, .run = read_sentence

const Target sentence_targets[] = {
    {.name = "sentence-modules", .file = MODULES, .seeds = SEEDS MODULES, .most = 2048, READS},
    {.name = "sentence-limits", .file = LIMITS, .seeds = SEEDS LIMITS, .most = 512, READS},
    {.name = "sentence-pooling",
     .file = POOLING,
     .seeds = SEEDS "pooling.json",
     .words = "sentence",
     .most = 1024,
     .world = write_pooled,
     .run = read_sentence},
    {.name = "sentence-prompts", .file = PROMPTS, .seeds = SEEDS PROMPTS, .most = 1024, READS},
    {.name = "sentence-dense",
     .file = DENSE "/config.json",
     .seeds = "tests/golden/sentence/dense/config.json",
     .most = 512,
     READS},
    {.name = "sentence-model",
     .file = "config.json",
     .seeds = "tests/golden/sentence/*/config.json",
     .most = 2048,
     READS},
    {.name = "sentence-weights",
     .file = "model.safetensors",
     .seeds = "",
     .words = "safetensors",
     .most = 28672,
     .world = write_sentence,
     .run = read_sentence},
    {.name = "sentence-vocabulary",
     .file = "vocab.txt",
     .seeds = "",
     .most = 1024,
     .world = write_sentence,
     .run = read_sentence},
    {.name = "sentence-tokenizer",
     .file = "tokenizer.json",
     .seeds = "tests/fuzz/seeds/bert.tokenizer.json",
     .words = "tokenizer",
     .most = 6144,
     .world = write_wordpiece,
     .run = read_sentence},
    {0},
};
