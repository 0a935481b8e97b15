/* skein bench score, skein bench generate: the time of answering some items. */
#include <stdlib.h>

#include "data/text/json_put.h"
#include "tools/bench/bench_asked.h"
#include "tools/predict/predict_run.h"
#include "tools/shell/machine.h"

static Status nothing_asked(Error *err) {
  return error_set(err, STATUS_USAGE,
                   "bench: nothing was asked on standard input (a line a repetition)");
}

static json_t *likelihood_lists(const Score *score, int64_t n) {
  json_t *all = json_array();
  for (int64_t i = 0; i < n; i++) {
    json_t *one = json_array();
    for (int k = 0; k < score[i].choices; k++) json_push(&one, json_real(score[i].loglik[k]));
    json_push(&all, one);
  }
  return json_pack("{s:o}", "loglik", all);
}

static Status time_scores(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                          PredictOut *out, Error *err) {
  (void)out;
  if (!bench_asked()) return nothing_asked(err);
  Score *score = calloc((size_t)n, sizeof *score);
  if (!score) return error_set(err, STATUS_RUN, "out of memory: the scores");
  Status status;
  do {
    double start = machine_seconds();
    status = predict_scores(p, asking, item, n, score, err);
    double seconds = machine_seconds() - start;
    if (status == STATUS_OK) status = bench_answer(likelihood_lists(score, n), seconds, err);
    for (int64_t i = 0; i < n; i++) score_free(&score[i]);
  } while (status == STATUS_OK && bench_asked());
  free(score);
  return status;
}

static Status time_texts(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                         PredictOut *out, Error *err) {
  (void)out;
  if (!bench_asked()) return nothing_asked(err);
  char **text = calloc((size_t)n, sizeof *text);
  if (!text) return error_set(err, STATUS_RUN, "out of memory: the texts");
  Status status;
  do {
    double start = machine_seconds();
    status = predict_texts(p, asking, item, n, text, err);
    double seconds = machine_seconds() - start;
    json_t *all = json_array();
    for (int64_t i = 0; status == STATUS_OK && i < n; i++) {
      json_push(&all, json_string(text[i]));
      free(text[i]);
    }
    json_t *line = json_pack("{s:o}", "output", all);
    if (status == STATUS_OK) {
      status = bench_answer(line, seconds, err);
    } else {
      json_decref(line);
    }
  } while (status == STATUS_OK && bench_asked());
  free(text);
  return status;
}

static int bench_answers(PredictCommand command, const char *label, PredictAnswer *answer, int argc,
                         char **argv, Error *err) {
  PredictOptions o;
  Status status = predict_options_read(&o, command, argc, argv, err);
  o.together = true;
  o.keys.source = ITEMS_TAKEN;
  if (status == STATUS_OK) status = predict_run(&o, label, answer, err);
  predict_options_free(&o);
  return (int)status;
}

int bench_score(int argc, char **argv, Error *err) {
  return bench_answers(PREDICT_SCORE, "bench score", time_scores, argc, argv, err);
}

int bench_generate(int argc, char **argv, Error *err) {
  return bench_answers(PREDICT_GENERATE, "bench generate", time_texts, argc, argv, err);
}
