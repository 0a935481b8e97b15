#include "data/examples/examples.h"

#include <stdlib.h>
#include <string.h>

#include "data/examples/examples_internal.h"
#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the examples");
}

static Status check_lines(const ExampleSet *set, Error *err) {
  for (int64_t i = 0; i < set->count; i++) TRY(example_line_check(set->lines, &set->keys, i, err));
  if (set->count > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no examples", jsonl_path(set->lines));
}

static char *copy_text(const char *text) {
  return text ? strdup(text) : NULL;
}

Status examples_open(ExampleSet **out, const char *path, const ExampleKeys *keys,
                     const Tokenizer *tokenizer, int64_t max_input, int64_t max_target,
                     Error *err) {
  *out = NULL;
  if (max_input < 1 || max_target < 1) {
    return error_set(err, STATUS_USAGE, "%s: maximum lengths must be at least 1 (EOS)", path);
  }
  ExampleSet *set = calloc(1, sizeof *set);
  if (!set) return no_memory(err);
  set->keys = (ExampleKeys){copy_text(keys->input), copy_text(keys->target), copy_text(keys->text)};
  set->tokenizer = tokenizer;
  set->max_input = max_input;
  set->max_target = max_target;
  Status status = set->keys.input && set->keys.target ? STATUS_OK : no_memory(err);
  if (status == STATUS_OK) status = jsonl_open(&set->lines, path, err);
  if (status == STATUS_OK) set->count = jsonl_count(set->lines);
  if (status == STATUS_OK) status = check_lines(set, err);
  if (status == STATUS_OK) {
    *out = set;
  } else {
    examples_close(set);
  }
  return status;
}

void examples_close(ExampleSet *set) {
  if (!set) return;
  jsonl_close(set->lines);
  free((char *)set->keys.input);
  free((char *)set->keys.target);
  free((char *)set->keys.text);
  free(set);
}

int64_t examples_count(const ExampleSet *set) {
  return set->count;
}

const char *examples_hash(const ExampleSet *set) {
  return jsonl_hash(set->lines);
}

/* ---- tokens ---- */

Status examples_get(const ExampleSet *set, int64_t i, Example *out, Error *err) {
  ExampleText text;
  *out = (Example){0};
  TRY(example_line_read(set->lines, &set->keys, i, &text, err));
  const Tokenizer *t = set->tokenizer;
  const char *input = text.text ? text.text : text.input, *target = text.target ? text.target : "";
  Status status = sequence_encode(t, input, set->max_input, &out->input, &out->input_len, err);
  if (status == STATUS_OK) {
    status = sequence_encode(t, target, set->max_target, &out->target, &out->target_len, err);
  }
  json_free(&text.doc);
  if (status != STATUS_OK) example_free(out);
  return status;
}

void example_free(Example *e) {
  free(e->input);
  free(e->target);
  *e = (Example){0};
}
