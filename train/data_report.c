#include "train/data_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "data/examples/item_parts.h"
#include "data/text/json_put.h"
#include "train/run_dir.h"

Status data_report_make(DataReport *r, const ExampleSet *train, const ExampleSet *valid,
                        const DataSettings *data, int64_t seed, Error *err) {
  *r = (DataReport){.data = data, .seed = seed};
  Status status = examples_survey(&r->train, train, (uint64_t)seed, err);
  if (status == STATUS_OK && valid) status = examples_survey(&r->valid, valid, (uint64_t)seed, err);
  if (status != STATUS_OK) data_report_free(r);
  r->shared = examples_shared(&r->valid, &r->train);
  return status;
}

void data_report_free(DataReport *r) {
  examples_survey_free(&r->train);
  examples_survey_free(&r->valid);
  *r = (DataReport){0};
}

static double share_of(int64_t part, int64_t whole) {
  return whole > 0 ? (double)part / (double)whole : 0;
}

/* ---- warnings ---- */

enum { WARNINGS_MOST = 16, WARNING_TEXT = 320 };

typedef struct Warnings {
  char text[WARNINGS_MOST][WARNING_TEXT];
  int count;
} Warnings;

static void judge(Warnings *w, const char *key, double share, int percent, const char *what) {
  if (100 * share <= percent) return;
  snprintf(w->text[w->count++], WARNING_TEXT, "%s: %.1f %% (more than %d %%) %s", key, 100 * share,
           percent, what);
}

static void judge_set(Warnings *w, const char *key, const ExampleSurvey *s) {
  judge(w, key, share_of(s->input.cut, s->input.texts), DATA_LOST_PERCENT,
        "of inputs are cut: what stands at their end, often the question, is never read; raise "
        "data.max_input, or shorten them");
  judge(
      w, key, share_of(s->target.cut, s->target.texts), DATA_LOST_PERCENT,
      "of targets are cut: a model learns to end in the middle; raise data.max_target, or shorten "
      "them");
  judge(w, key, share_of(s->input.unknown, s->input.tokens), DATA_LOST_PERCENT,
        "of the inputs' tokens are unknown: the vocabulary has no pieces for these characters, and "
        "the model cannot tell them apart; replace them, or take another base");
  judge(
      w, key, share_of(s->target.unknown, s->target.tokens), DATA_LOST_PERCENT,
      "of the targets' tokens are unknown: the vocabulary has no pieces for these characters, and "
      "they are never written; replace them, or take another base");
  judge(
      w, key, share_of(s->empty_targets, s->examples), DATA_LOST_PERCENT,
      "of targets are empty: the model learns to say nothing; leave these lines out, or give them "
      "a text");
  judge(w, key, share_of(s->commonest, s->examples), DATA_COMMONEST_PERCENT,
        "of targets are the same: who always says it is right so often, and a small loss is no "
        "success; balance them");
}

static Warnings find_warnings(const DataReport *r) {
  Warnings w = {.count = 0};
  judge_set(&w, "data.train", &r->train);
  judge_set(&w, "data.valid", &r->valid);
  judge(&w, "data.valid", share_of(r->shared, r->valid.examples), DATA_LOST_PERCENT,
        "of inputs are those of training examples: validation measures what was learnt by heart; "
        "leave them out of one of the files");
  return w;
}

Status data_report_require_sound(const DataReport *r, Error *err) {
  const Warnings w = find_warnings(r);
  if (w.count == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s (--strict; of %d warnings the first)", w.text[0],
                   w.count);
}

/* ---- for people ---- */

/* "mean 14.2 tokens, longest 30; 1.2 % cut at 25; 0.03 % of tokens unknown" */
static int print_loss(char *text, size_t size, const SequenceLoss *l, int64_t most) {
  return snprintf(text, size,
                  "mean %.1f tokens, longest %" PRId64 "; %.1f %% cut at %" PRId64
                  "; %.2f %% of tokens unknown",
                  share_of(l->tokens, l->texts), l->longest, 100 * share_of(l->cut, l->texts), most,
                  100 * share_of(l->unknown, l->tokens));
}

static void tell_labels(const ExampleSurvey *s, NoteTaker notes) {
  if (!s->label) return;
  note_take(notes, "  labels   %" PRId64 " distinct targets, %.1f %% are '%.*s'", s->labels,
            100 * share_of(s->commonest, s->examples), item_shown(s->label), s->label);
}

static void tell_set(const DataReport *r, const char *key, const ExampleSurvey *s,
                     NoteTaker notes) {
  char loss[256];
  bool all = s->sampled == s->examples;
  note_take(notes, "%s: %" PRId64 " examples, %" PRId64 " of them tokenised%s", key, s->examples,
            s->sampled, all ? "" : " (drawn by train.seed)");
  print_loss(loss, sizeof loss, &s->input, r->data->max_input);
  note_take(notes, "  inputs   %s; %" PRId64 " empty, %" PRId64 " repeated", loss, s->empty_inputs,
            s->repeated);
  if (s->target.texts == 0) return;
  print_loss(loss, sizeof loss, &s->target, r->data->max_target);
  note_take(notes, "  targets  %s; %" PRId64 " empty", loss, s->empty_targets);
  tell_labels(s, notes);
}

void data_report_tell(const DataReport *r, NoteTaker notes) {
  const Warnings w = find_warnings(r);
  tell_set(r, "data.train", &r->train, notes);
  if (r->valid.examples > 0) {
    tell_set(r, "data.valid", &r->valid, notes);
    note_take(notes, "  shared   %" PRId64 " inputs are those of training examples", r->shared);
  }
  for (int i = 0; i < w.count; i++) note_take(notes, "warning: %s", w.text[i]);
}

/* ---- for programs ---- */

static json_t *loss_json(const SequenceLoss *l) {
  json_t *o = json_object();
  json_put(&o, "texts", json_integer(l->texts));
  json_put(&o, "cut", json_integer(l->cut));
  json_put(&o, "tokens", json_integer(l->tokens));
  json_put(&o, "unknown_tokens", json_integer(l->unknown));
  json_put(&o, "longest", json_integer(l->longest));
  return o;
}

static json_t *labels_json(const ExampleSurvey *s) {
  if (!s->label) return json_null();
  json_t *o = json_object();
  json_put(&o, "distinct", json_integer(s->labels));
  json_put(&o, "commonest", json_string(s->label));
  json_put(&o, "examples", json_integer(s->commonest));
  return o;
}

static json_t *survey_json(const ExampleSurvey *s) {
  json_t *o = json_object();
  json_put(&o, "examples", json_integer(s->examples));
  json_put(&o, "tokenised", json_integer(s->sampled));
  json_put(&o, "inputs", loss_json(&s->input));
  json_put(&o, "targets", loss_json(&s->target));
  json_put(&o, "empty_inputs", json_integer(s->empty_inputs));
  json_put(&o, "empty_targets", json_integer(s->empty_targets));
  json_put(&o, "repeated_inputs", json_integer(s->repeated));
  json_put(&o, "labels", labels_json(s));
  return o;
}

static json_t *valid_json(const DataReport *r) {
  if (r->valid.examples == 0) return json_null();
  json_t *o = survey_json(&r->valid);
  json_put(&o, "inputs_in_train", json_integer(r->shared));
  return o;
}

static json_t *warnings_json(const DataReport *r) {
  const Warnings w = find_warnings(r);
  json_t *list = json_array();
  for (int i = 0; i < w.count; i++) json_push(&list, json_string(w.text[i]));
  return list;
}

Status data_report_save(const DataReport *r, const char *dir, Error *err) {
  json_t *root = json_object();
  json_put(&root, "max_input", json_integer(r->data->max_input));
  json_put(&root, "max_target", json_integer(r->data->max_target));
  json_put(&root, "seed", json_integer(r->seed));
  json_put(&root, "train", survey_json(&r->train));
  json_put(&root, "valid", valid_json(r));
  json_put(&root, "warnings", warnings_json(r));
  return run_dir_write_json(dir, DATA_JSON, root, err);
}
