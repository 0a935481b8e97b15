/* skein score: which of its choices a model finds likeliest, for every item of a file. */
#include <stdlib.h>

#include "data/text/json_put.h"
#include "tools/cmd/commands.h"
#include "tools/predict/predict_run.h"

static const char usage[] =
    "skein score: rank the choices of every item by their likelihood\n"
    "\n"
    "Examples:\n"
    "  skein score --base t5-xl-lm-adapt --input rte.jsonl\n"
    "  skein score --pool pool --router glider -s top_k=2 --input rte.jsonl -o rte.out.jsonl\n"
    "  skein score --pool pool --router phatgoose --bbh --input bbh/hyperbaton.json\n"
    "  zstd -dc rte.jsonl.zst | skein score --base t5-xl-lm-adapt --input - | head -n 3\n"
    "\n"
    "Usage: skein score --base DIR | --pool DIR  --input FILE [-o FILE] [OPTION]...\n"
    "\n"
    "A line of the input has \"input\" and \"choices\", a list of texts, and may have \"id\" and\n"
    "\"instruction\". Every line gives one line, in order:\n"
    "  {\"id\", \"prediction\": index, \"choice\": text, \"scores\": [...], \"loglik\": [...]}\n"
    "loglik is the log-likelihood of a choice in nats, EOS counted, and its score the mean over\n"
    "its tokens. The largest score is predicted, the first of equal ones. Where choices are\n"
    "nothing but characters that the vocabulary has no pieces for, their scores are those of\n"
    "\"unknown\" and not their own; \"unknown\": [index, ...] names them. Choices that\n"
    "are the same tokens have the same score. An item without choices has no line: stderr names\n"
    "it, and --strict refuses it. Where lines say what is right (\"label\", an index, or\n"
    "\"target\"), stderr has the accuracy at the end.\n"
    "\n"
    "Lines come as they are made. The input may be - (standard input) or a pipe, whose lines are\n"
    "answered as they come; with -o, --bbh and --choices-from-targets it is read to its end\n"
    "first. With -o OUT, the lines of a run that is ended early stay in OUT.<digits>.part, and\n"
    "the same command goes on behind them.\n"
    "\n";

static json_t *real_list(const double *value, int n) {
  json_t *list = json_array();
  for (int i = 0; i < n; i++) json_push(&list, json_real(value[i]));
  return list;
}

/* The indices of choices of unknown tokens alone. */
static json_t *unknown_list(const Score *s) {
  json_t *list = json_array();
  for (int i = 0; i < s->choices; i++) {
    if (s->unknown[i]) json_push(&list, json_integer(i));
  }
  return list;
}

static json_t *score_line(const Item *item, const Score *s) {
  json_t *line =
      json_pack("{s:s, s:i, s:s, s:o, s:o}", "id", item->id, "prediction", s->prediction, "choice",
                item->choice[s->prediction], "scores", real_list(s->score, s->choices), "loglik",
                real_list(s->loglik, s->choices));
  if (s->unknown) json_put(&line, "unknown", unknown_list(s));
  return line;
}

static Status answer_score(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                           PredictOut *out, Error *err) {
  Score *score = calloc((size_t)n, sizeof *score);
  if (!score) return error_set(err, STATUS_RUN, "out of memory: the scores");
  Status status = predict_scores(p, asking, item, n, score, err);
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    status = predict_write_line(score_line(&item[i], &score[i]), out->lines, err);
    if (status == STATUS_OK) status = tally_add(&out->tally, &item[i], score[i].prediction, err);
  }
  for (int64_t i = 0; i < n; i++) score_free(&score[i]);
  free(score);
  return status;
}

static int run_score(int argc, char **argv, Error *err) {
  PredictOptions o;
  Status status = predict_options_read(&o, PREDICT_SCORE, argc, argv, err);
  if (status == STATUS_OK) status = predict_run(&o, "score", answer_score, err);
  predict_options_free(&o);
  return (int)status;
}

const Command command_score = {
    .name = "score",
    .summary = "rank the choices of every item by their likelihood",
    .usage = usage,
    .run = run_score,
    .arguments = &predict_arguments,
    .form = PREDICT_SCORE,
    .defaults = &predict_defaults,
    .settings = predict_settings,
};
