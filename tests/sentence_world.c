#include "tests/sentence_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/testing.h"

enum { FILE_MAX = 1 << 20 };

/* Copies a file of the golden directory, or removes what an earlier case has left. */
static void copy_file(Scratch *s, const char *model, const char *name, const char *to) {
  Error err = {0};
  char *bytes, *path = golden_path("sentence/%s/%s", model, name);
  size_t size;
  expect_ok(path, file_read(path, FILE_MAX, &bytes, &size, &err), &err);
  scratch_write(s, to, bytes, size);
  free(bytes);
  free(path);
}

static void make_folder(Scratch *s, const char *name) {
  Error err = {0};
  expect_ok(name, dir_make(scratch_path(s, name), &err), &err);
}

static void remove_file(Scratch *s, const char *name) {
  Error err = {0};
  const char *path = scratch_path(s, name);
  if (file_exists(path)) expect_ok(name, file_remove(path, &err), &err);
}

void sentence_world_write(Scratch *s, const json_t *one, const char *model) {
  static const char *const BESIDE[] = {
      "modules.json",          "sentence_bert_config.json", "config_sentence_transformers.json",
      "1_Pooling/config.json", "2_Dense/config.json",       "2_Normalize/config.json"};
  static const char *const OWN[] = {"config.json", "model.safetensors", "vocab.txt",
                                    "tokenizer_config.json"};
  static const char *const FOLDERS[] = {"1_Pooling", "2_Dense", "2_Normalize"};
  const char *name;
  json_t *value;
  if (!model) model = json_string_value(json_object_get(one, "model"));
  for (int i = 0; i < 3; i++) make_folder(s, FOLDERS[i]);
  for (int i = 0; i < 6; i++) remove_file(s, BESIDE[i]);
  for (int i = 0; i < 4; i++) copy_file(s, model, OWN[i], OWN[i]);
  if (json_is_true(json_object_get(one, "dense"))) {
    copy_file(s, "dense", "config.json", "2_Dense/config.json");
    copy_file(s, "dense", "model.safetensors", "2_Dense/model.safetensors");
  }
  json_object_foreach(json_object_get(one, "files"), name, value) {
    char *text = json_dumps(value, JSON_COMPACT);
    scratch_write(s, name, text, strlen(text));
    free(text);
  }
}

const json_t *sentence_world_case(const json_t *golden, const char *name) {
  const json_t *cases = json_object_get(golden, "cases");
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0) return one;
  }
  fail_msg("no case '%s'", name);
  return NULL;
}

SentenceSettings sentence_world_settings(const json_t *one, const char *dir) {
  return (SentenceSettings){.dir = dir,
                            .prompt = json_string_value(json_object_get(one, "prompt")),
                            .prefix = json_string_value(json_object_get(one, "prefix")),
                            .dimensions = json_integer_value(json_object_get(one, "dimensions")),
                            .threads = 2};
}
