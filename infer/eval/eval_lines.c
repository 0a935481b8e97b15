#include "infer/eval/eval_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json.h"
#include "data/text/json_put.h"
#include "data/text/jsonl.h"

static Status no_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

/* ---- writing ---- */

static json_t *sums_json(const MetricSums *sums) {
  json_t *list = json_array();
  for (int i = 0; i < METRIC_SUMS; i++) json_push(&list, json_real(sums->sum[i]));
  return list;
}

void eval_lines_put(json_t **line, const Metric *metric, const MetricSums *sums, int metrics) {
  json_t *scores = json_object(), *corpus = json_object();
  for (int k = 0; k < metrics; k++) {
    const char *name = metric_name(metric[k]);
    json_put(&scores, name, json_real(metric_score(metric[k], &sums[k])));
    if (!metric_is_mean(metric[k])) json_put(&corpus, name, sums_json(&sums[k]));
  }
  json_put(line, "metrics", scores);
  if (json_object_size(corpus) > 0) {
    json_put(line, "sums", corpus);
  } else {
    json_decref(corpus);
  }
}

/* ---- reading ---- */

/* The statistics of a mean are the score. */
static Status read_mean(const JsonDoc *line, Metric m, MetricSums *sums, Error *err) {
  JsonDoc of = *line;
  double score;
  TRY(json_get_object(line, "metrics", &of.root, err));
  TRY(json_get_real(&of, metric_name(m), 0, 100, &score, err));
  *sums = (MetricSums){{1, score / 100}};
  return STATUS_OK;
}

static Status read_sums(const JsonDoc *line, Metric m, MetricSums *sums, Error *err) {
  JsonDoc of = *line;
  json_t *list;
  TRY(json_get_object(line, "sums", &of.root, err));
  TRY(json_get_array(&of, metric_name(m), &list, err));
  bool whole = json_array_size(list) == METRIC_SUMS;
  for (size_t i = 0; whole && i < METRIC_SUMS; i++) {
    const json_t *value = json_array_get(list, i);
    sums->sum[i] = json_number_value(value);
    whole = json_is_number(value);
  }
  if (whole && metric_sums_valid(m, sums)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: line %lld: sums: %s: want %d counts of one item",
                   line->file, (long long)line->line, metric_name(m), METRIC_SUMS);
}

static Status read_line(EvalLines *l, int64_t i, const JsonDoc *line, Metric m, Error *err) {
  const char *id;
  TRY(metric_is_mean(m) ? read_mean(line, m, &l->sums[i], err)
                        : read_sums(line, m, &l->sums[i], err));
  if (!l->id) return STATUS_OK;
  TRY(json_get_string(line, "id", &id, err));
  l->id[i] = strdup(id);
  return l->id[i] ? STATUS_OK : no_memory(line->file, err);
}

static Status read_lines(EvalLines *l, const Jsonl *j, Metric m, bool ids, Error *err) {
  const int64_t count = jsonl_count(j);
  l->sums = calloc((size_t)count + 1, sizeof *l->sums);
  if (ids) l->id = calloc((size_t)count + 1, sizeof *l->id);
  if (!l->sums || (ids && !l->id)) return no_memory(jsonl_path(j), err);
  for (; l->count < count;) {
    const JsonlLine at = jsonl_line(j, l->count);
    JsonDoc doc = {.file = jsonl_path(j), .line = at.number, .byte = at.byte};
    TRY(json_parse(&doc, at.text, at.size, err));
    Status status = read_line(l, l->count++, &doc, m, err);
    json_free(&doc);
    TRY(status);
  }
  return STATUS_OK;
}

Status eval_lines_read(EvalLines *l, const char *path, Metric m, bool ids, Error *err) {
  Jsonl *j;
  *l = (EvalLines){0};
  TRY(jsonl_open(&j, path, err));
  Status status = read_lines(l, j, m, ids, err);
  jsonl_close(j);
  return status;
}

void eval_lines_free(EvalLines *l) {
  for (int64_t i = 0; l->id && i < l->count; i++) free(l->id[i]);
  free(l->id);
  free(l->sums);
  *l = (EvalLines){0};
}
