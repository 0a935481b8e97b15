#include "data/examples/examples.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/examples/examples_internal.h"
#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the examples");
}

static char *copy_text(const char *text) {
  return text ? strdup(text) : NULL;
}

/* ---- files ---- */

Status examples_open_lines(Jsonl **lines, const char *path, const ExampleKeys *keys, Error *err) {
  TRY(jsonl_open(lines, path, err));
  Status status = jsonl_want_objects(
      *lines,
      keys->text ? "{\"text\": \"...\"} of raw text, or {\"input\": \"...\", \"target\": \"...\"}"
                 : "{\"input\": \"...\", \"target\": \"...\"}",
      err);
  if (status == STATUS_OK) return STATUS_OK;
  jsonl_close(*lines);
  *lines = NULL;
  return status;
}

static Status check_lines(const ExampleSet *set, const Jsonl *lines, Error *err) {
  const ChoiceTokens tokens = {set->tokenizer, set->max_target};
  for (int64_t i = 0; i < jsonl_count(lines); i++)
    TRY(example_line_check(lines, &set->keys, &tokens, i, err));
  if (jsonl_count(lines) > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no examples", jsonl_path(lines));
}

/* Opens and checks the files; `count` and `weight` [files] are what the mixture is made of. */
static Status open_files(ExampleSet *set, const ExampleSource *source, int64_t *count,
                         double *weight, Error *err) {
  set->lines = calloc(source->files, sizeof *set->lines);
  if (!set->lines || !count || !weight) return no_memory(err);
  for (size_t k = 0; k < source->files; k++) {
    TRY(examples_open_lines(&set->lines[k], source->file[k].path, &set->keys, err));
    set->files = k + 1;
    TRY(check_lines(set, set->lines[k], err));
    count[k] = jsonl_count(set->lines[k]);
    weight[k] = source->file[k].weight;
  }
  return mixture_new(&set->mixture, count, source->files, err);
}

/* A file of which nothing is drawn would be one that is silently left out. */
static Status check_shares(const ExampleSet *set, Error *err) {
  const Mixture *m = &set->mixture;
  for (size_t k = 0; k < m->files; k++) {
    if (m->share[k] > 0) continue;
    return error_set(err, STATUS_USAGE,
                     "%s: its weight gives it none of the %" PRId64
                     " examples of an epoch; want a larger one, or leave it out",
                     jsonl_path(set->lines[k]), m->epoch);
  }
  return STATUS_OK;
}

static Status mix(ExampleSet *set, const ExampleSource *source, const double *weight, Error *err) {
  bool weighed = weight[0] > 0;
  if (weighed && source->cap > 0)
    return error_set(err, STATUS_USAGE,
                     "%s: has a weight, and there is a cap; want one of them, as both say how much "
                     "is drawn of a file",
                     source->file[0].path);
  if (weighed) mixture_weigh(&set->mixture, weight);
  if (source->cap > 0) mixture_cap(&set->mixture, source->cap);
  return check_shares(set, err);
}

/* Of one file as it is, its own. */
static Status hash_set(ExampleSet *set, Error *err) {
  memcpy(set->hash, jsonl_hash(set->lines[0]), HASH_HEX);
  if (set->files == 1 && !set->mixture.uneven) return STATUS_OK;
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  for (size_t k = 0; k < set->files; k++) {
    char share[24];
    snprintf(share, sizeof share, "%" PRId64, set->mixture.share[k]);
    hash_add_string(hash, jsonl_hash(set->lines[k]));
    hash_add_string(hash, share);
  }
  hash_finish(hash, set->hash);
  return STATUS_OK;
}

static Status fill_set(ExampleSet *set, const ExampleSource *source, Error *err) {
  int64_t *count = calloc(source->files, sizeof *count);
  double *weight = calloc(source->files, sizeof *weight);
  Status status = open_files(set, source, count, weight, err);
  if (status == STATUS_OK) status = mix(set, source, weight, err);
  if (status == STATUS_OK) status = hash_set(set, err);
  free(count);
  free(weight);
  return status;
}

Status examples_open_files(ExampleSet **out, const ExampleSource *source, const ExampleKeys *keys,
                           const Tokenizer *tokenizer, int64_t max_input, int64_t max_target,
                           Error *err) {
  *out = NULL;
  assert(source->files > 0);
  if (max_input < 1 || max_target < 1) {
    return error_set(err, STATUS_USAGE, "%s: maximum lengths must be at least 1 (EOS)",
                     source->file[0].path);
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
  if (status == STATUS_OK) status = fill_set(set, source, err);
  if (status == STATUS_OK) {
    *out = set;
  } else {
    examples_close(set);
  }
  return status;
}

Status examples_open(ExampleSet **out, const char *path, const ExampleKeys *keys,
                     const Tokenizer *tokenizer, int64_t max_input, int64_t max_target,
                     Error *err) {
  const SourceFile file = {path, 0};
  return examples_open_files(out, &(ExampleSource){&file, 1, 0}, keys, tokenizer, max_input,
                             max_target, err);
}

void examples_close(ExampleSet *set) {
  if (!set) return;
  for (size_t k = 0; k < set->files; k++) jsonl_close(set->lines[k]);
  free(set->lines);
  mixture_free(&set->mixture);
  free((char *)set->keys.input);
  free((char *)set->keys.target);
  free((char *)set->keys.text);
  free((char *)set->keys.choices);
  free((char *)set->keys.label);
  free(set);
}

int64_t examples_count(const ExampleSet *set) {
  return set->mixture.total;
}

const char *examples_hash(const ExampleSet *set) {
  return set->hash;
}

const Mixture *examples_mixture(const ExampleSet *set) {
  return &set->mixture;
}

const char *examples_file_path(const ExampleSet *set, size_t file) {
  return jsonl_path(set->lines[file]);
}

const char *examples_file_hash(const ExampleSet *set, size_t file) {
  return jsonl_hash(set->lines[file]);
}

const Jsonl *examples_lines(const ExampleSet *set, int64_t *i) {
  return set->lines[mixture_file(&set->mixture, i)];
}

JsonlLine examples_line(const ExampleSet *set, int64_t i) {
  const Jsonl *lines = examples_lines(set, &i);
  return jsonl_line(lines, i);
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
  const Jsonl *lines = examples_lines(set, &i);
  TRY(example_line_read(lines, &set->keys, &tokens, i, &text, err));
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
