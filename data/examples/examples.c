#include "data/examples/examples.h"

#include <stdlib.h>
#include <string.h>

#include "data/examples/examples_internal.h"
#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the examples");
}

static Status check_lines(const ExampleSet *set, Error *err) {
  const ChoiceTokens tokens = {set->tokenizer, set->max_target};
  for (int64_t i = 0; i < set->count; i++)
    TRY(example_line_check(set->lines, &set->keys, &tokens, i, err));
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
  set->keys = (ExampleKeys){copy_text(keys->input),   copy_text(keys->target),
                            copy_text(keys->text),    keys->use,
                            copy_text(keys->choices), copy_text(keys->label)};
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
  free((char *)set->keys.choices);
  free((char *)set->keys.label);
  free(set);
}

int64_t examples_count(const ExampleSet *set) {
  return set->count;
}

const char *examples_hash(const ExampleSet *set) {
  return jsonl_hash(set->lines);
}

/* ---- tokens ---- */

/* Appends the ids of a choice. */
static Status add_choice(const ExampleSet *set, const char *text, Example *out, Error *err) {
  int32_t *ids, *grown;
  int64_t n;
  TRY(sequence_encode(set->tokenizer, text, set->max_target, &ids, &n, err));
  grown = realloc(out->target, (size_t)(out->target_len + n) * sizeof *grown);
  if (grown) {
    out->target = grown;
    memcpy(grown + out->target_len, ids, (size_t)n * sizeof *grown);
    out->target_len += n;
    out->choice[++out->choices] = out->target_len;
  }
  free(ids);
  return grown ? STATUS_OK : no_memory(err);
}

static Status encode_choices(const ExampleSet *set, const ExampleText *text, Example *out,
                             Error *err) {
  size_t n = json_array_size(text->choices);
  out->choice = calloc(n + 1, sizeof *out->choice);
  if (!out->choice) return no_memory(err);
  for (size_t i = 0; i < n; i++)
    TRY(add_choice(set, json_string_value(json_array_get(text->choices, i)), out, err));
  out->right = text->right;
  return STATUS_OK;
}

static Status encode_target(const ExampleSet *set, const ExampleText *text, Example *out,
                            Error *err) {
  const char *target = example_line_target(text);
  if (text->choices && set->keys.use == CHOICES_ALL) return encode_choices(set, text, out, err);
  return sequence_encode(set->tokenizer, target ? target : "", set->max_target, &out->target,
                         &out->target_len, err);
}

Status examples_get(const ExampleSet *set, int64_t i, Example *out, Error *err) {
  ExampleText text;
  const ChoiceTokens tokens = {set->tokenizer, set->max_target};
  *out = (Example){0};
  TRY(example_line_read(set->lines, &set->keys, &tokens, i, &text, err));
  const char *input = text.text ? text.text : text.input;
  Status status =
      sequence_encode(set->tokenizer, input, set->max_input, &out->input, &out->input_len, err);
  if (status == STATUS_OK) status = encode_target(set, &text, out, err);
  json_free(&text.doc);
  if (status != STATUS_OK) example_free(out);
  return status;
}

void example_free(Example *e) {
  free(e->input);
  free(e->target);
  free(e->choice);
  *e = (Example){0};
}
