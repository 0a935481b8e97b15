/* The readers of finished evaluations: their table, and the lines of predictions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/eval/eval_compare.h"
#include "tests/fuzz/target.h"

#define IDENTITY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void write_text(const char *dir, const char *name, const char *text) {
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, name), *parent = strdup(path);
  MUST(parent);
  *strrchr(parent, '/') = '\0';
  sound(dir_make(parent, &err), &err);
  sound(file_write(path, text, strlen(text), &err), &err);
  free(parent);
  free(path);
}

/* ---- table.json ---- */

#define CELL(method, task)                                           \
  "{\"task\": \"" task "\", \"group\": \"g\", \"method\": \"" method \
  "\", \"state\": \"done\", \"answers\": \"" method "\", \"identity\": \"" IDENTITY "\"}"

/* Two methods on a task that is judged by accuracy and one by BLEU. */
static void *write_run(const char *dir) {
  static const char SCORED[] = "{\"id\": \"0\", \"metrics\": {\"accuracy\": 100}}\n";
  static const char SUMMED[] = "{\"id\": \"0\", \"sums\": {\"bleu\": [1,5,6,4,3,2,1,5,4,3,2]}}\n";
  static const char *const METHOD[] = {"m", "n"};
  for (int i = 0; i < 2; i++) {
    char name[100];
    snprintf(name, sizeof name, "cells/%s/t.json", METHOD[i]);
    write_text(dir, name, "{\"identity\": \"" IDENTITY "\"}");
    snprintf(name, sizeof name, "cells/%s/u.json", METHOD[i]);
    write_text(dir, name, "{\"identity\": \"" IDENTITY "\"}");
    snprintf(name, sizeof name, "cells/%s/t.jsonl", METHOD[i]);
    write_text(dir, name, i ? "" : SCORED);
    snprintf(name, sizeof name, "cells/%s/u.jsonl", METHOD[i]);
    write_text(dir, name, SUMMED);
  }
  write_text(dir, "table.json",
             "{\"format\": \"skein-eval\", \"version\": 1, \"tasks\": [{\"name\": \"t\", "
             "\"sha256\": \"a\", \"metrics\": [\"accuracy\"]}, {\"name\": \"u\", \"sha256\": "
             "\"a\", \"metrics\": [\"bleu\"]}], \"methods\": [{\"name\": \"m\", \"shown\": true}, "
             "{\"name\": \"n\", \"shown\": true}], \"cells\": [" CELL("m", "t") ", " CELL(
                 "n", "t") ", " CELL("m", "u") ", " CELL("n", "u") "]}\n");
  return NULL;
}

static void check_row(const CompareRow *row) {
  MUST(row->tasks > 0 && row->won + row->lost <= row->items);
  MUST(row->by_item.p > 0 && row->by_item.p <= row->item_holm && row->item_holm <= 1);
  MUST(row->by_item.interval.low <= row->by_item.interval.high);
}

static void print_all(const EvalComparison *c) {
  Error err = {0};
  FILE *out = fopen("/dev/null", "w");
  MUST(out);
  sound(eval_comparison_text(c, out, &err), &err);
  sound(eval_comparison_markdown(c, out, &err), &err);
  sound(eval_comparison_csv(c, out, &err), &err);
  sound(eval_comparison_json(c, out, &err), &err);
  fclose(out);
}

/* Another evaluation may have nothing in common, or one method: that is no error of the file. */
static void read_run(const Input *in) {
  static const CompareSettings SETTINGS = {
      .each_task = true, .items = true, .samples = 20, .seed = 1};
  const char *const run[] = {in->dir};
  Error err = {0};
  Compared of;
  EvalComparison c = {0};
  if (taken(in, compared_read(&of, run, 1, &err), &err)) {
    Status status = eval_comparison_make(&c, &of, &SETTINGS, &err);
    MUST(status == err.status && !strchr(err.text, '\n'));
    for (int i = 0; i < c.rows && status == STATUS_OK; i++) check_row(&c.row[i]);
    if (status == STATUS_OK) print_all(&c);
  }
  eval_comparison_free(&c);
  compared_free(&of);
}

/* ---- predictions ---- */

static void *write_lines(const char *dir) {
  write_text(dir, "who.jsonl",
             "{\"id\": \"0\", \"metrics\": {\"rougeL\": 50, \"bleu\": 1}, \"sums\": {\"bleu\": "
             "[1,5,6,4,3,2,1,5,4,3,2]}}\n");
  return NULL;
}

static void read_lines(const Input *in) {
  static const Metric METRIC[] = {METRIC_ROUGE_L, METRIC_BLEU};
  for (int k = 0; k < 2; k++) {
    Error err = {0};
    EvalLines lines;
    if (taken(in, eval_lines_read(&lines, in->path, METRIC[k], true, &err), &err)) {
      for (int64_t i = 0; i < lines.count; i++) {
        const double score = metric_score(METRIC[k], &lines.sums[i]);
        MUST(lines.id[i] && score >= 0 && score <= 100 + 1e-9);
      }
    }
    eval_lines_free(&lines);
  }
}

const Target compare_targets[] = {
    {.name = "compared",
     .file = "table.json",
     .seeds = "",
     .words = "eval",
     .most = 4096,
     .world = write_run,
     .run = read_run},
    {.name = "predictions",
     .file = "who.jsonl",
     .seeds = "",
     .words = "eval",
     .most = 1024,
     .world = write_lines,
     .run = read_lines},
    {0},
};
