#include "data/examples/survey.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/byte_hash.h"
#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"
#include "data/examples/examples_internal.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the survey of the examples");
}

static bool is_blank(const char *text) {
  return text[strspn(text, " \t\r\n")] == '\0';
}

static const char *line_input(const ExampleText *text) {
  return text->text ? text->text : text->input;
}

/* ---- labels ---- */

typedef struct Labels {
  uint64_t hash[SURVEY_LABELS];
  int64_t examples[SURVEY_LABELS];
  int64_t first[SURVEY_LABELS]; /* the first example with it */
  int count;
  bool many; /* too many to be labels */
} Labels;

static void add_label(Labels *l, const char *target, int64_t example) {
  uint64_t hash = byte_hash(target, strlen(target));
  int k = 0;
  while (k < l->count && l->hash[k] != hash) k++;
  l->many |= k == SURVEY_LABELS;
  if (l->many) return;
  if (k == l->count) {
    l->hash[l->count] = hash;
    l->first[l->count++] = example;
  }
  l->examples[k]++;
}

static Status read_line(const ExampleSet *set, int64_t i, ExampleText *text, Error *err) {
  const ChoiceTokens tokens = {set->tokenizer, set->max_target};
  const Jsonl *lines = examples_lines(set, &i);
  return example_line_read(lines, &set->keys, &tokens, i, text, err);
}

static Status name_commonest(ExampleSurvey *s, const ExampleSet *set, const Labels *l, Error *err) {
  ExampleText text;
  if (l->many || l->count == 0) return STATUS_OK;
  int most = 0;
  for (int k = 1; k < l->count; k++) {
    if (l->examples[k] > l->examples[most]) most = k;
  }
  s->labels = l->count;
  s->commonest = l->examples[most];
  TRY(read_line(set, l->first[most], &text, err));
  s->label = strdup(example_line_target(&text));
  json_free(&text.doc);
  return s->label ? STATUS_OK : no_memory(err);
}

/* ---- all examples ---- */

static Status read_all(ExampleSurvey *s, const ExampleSet *set, Labels *labels, Error *err) {
  for (int64_t i = 0; i < set->mixture.total; i++) {
    ExampleText text;
    TRY(read_line(set, i, &text, err));
    const char *input = line_input(&text), *target = example_line_target(&text);
    s->input_hash[i] = byte_hash(input, strlen(input));
    s->empty_inputs += is_blank(input);
    s->empty_targets += target && is_blank(target);
    if (target) add_label(labels, target, i);
    json_free(&text.doc);
  }
  qsort(s->input_hash, (size_t)set->mixture.total, sizeof *s->input_hash, order_uint64);
  for (int64_t i = 1; i < set->mixture.total; i++)
    s->repeated += s->input_hash[i] == s->input_hash[i - 1];
  return STATUS_OK;
}

/* ---- the sample ---- */

static Status lose_text(SequenceLoss *loss, const ExampleSet *set, const char *text, int64_t most,
                        Error *err) {
  int32_t *ids;
  int64_t count;
  Status status = sequence_encode_watched(set->tokenizer, text, most, &ids, &count, loss, err);
  free(ids);
  return status;
}

static Status lose_targets(SequenceLoss *loss, const ExampleSet *set, const ExampleText *text,
                           Error *err) {
  const char *target = example_line_target(text);
  if (!text->choices || set->keys.use != CHOICES_ALL)
    return target ? lose_text(loss, set, target, set->max_target, err) : STATUS_OK;
  for (size_t k = 0; k < json_array_size(text->choices); k++) {
    const char *choice = json_string_value(json_array_get(text->choices, k));
    TRY(lose_text(loss, set, choice, set->max_target, err));
  }
  return STATUS_OK;
}

static Status tokenise_sample(ExampleSurvey *s, const ExampleSet *set, uint64_t seed, Error *err) {
  enum { PURPOSE_SURVEY = 3 };
  const uint64_t key = rng_key(seed, 0, 0, PURPOSE_SURVEY), count = (uint64_t)set->mixture.total;
  s->sampled = set->mixture.total < SURVEY_SAMPLE ? set->mixture.total : SURVEY_SAMPLE;
  for (int64_t k = 0; k < s->sampled; k++) {
    ExampleText text;
    TRY(read_line(set, (int64_t)rng_permute(key, (uint64_t)k, count), &text, err));
    Status status = lose_text(&s->input, set, line_input(&text), set->max_input, err);
    if (status == STATUS_OK) status = lose_targets(&s->target, set, &text, err);
    json_free(&text.doc);
    TRY(status);
  }
  return STATUS_OK;
}

Status examples_survey(ExampleSurvey *s, const ExampleSet *set, uint64_t seed, Error *err) {
  Labels labels = {0};
  *s = (ExampleSurvey){.examples = set->mixture.total};
  s->input_hash = calloc((size_t)set->mixture.total, sizeof *s->input_hash);
  Status status = s->input_hash ? read_all(s, set, &labels, err) : no_memory(err);
  if (status == STATUS_OK) status = name_commonest(s, set, &labels, err);
  if (status == STATUS_OK) status = tokenise_sample(s, set, seed, err);
  if (status != STATUS_OK) examples_survey_free(s);
  return status;
}

void examples_survey_free(ExampleSurvey *s) {
  free(s->input_hash);
  free(s->label);
  *s = (ExampleSurvey){0};
}

int64_t examples_shared(const ExampleSurvey *set, const ExampleSurvey *other) {
  int64_t shared = 0;
  for (int64_t i = 0, k = 0; i < set->examples && other->examples > 0; i++) {
    while (k < other->examples && other->input_hash[k] < set->input_hash[i]) k++;
    shared += k < other->examples && other->input_hash[k] == set->input_hash[i];
  }
  return shared;
}
