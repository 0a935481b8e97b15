/* The readers of evaluations: what is to be evaluated, and cells that are finished. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/eval/eval_axes.h"
#include "infer/eval/eval_cell.h"
#include "tests/fuzz/target.h"

/* ---- the file of an evaluation ---- */

/* The tasks may be in another file, of which messages are then. */
static void read_spec(const Input *in) {
  const Input any = {.dir = in->dir};
  for (int axes = 0; axes < 2; axes++) {
    Error err = {0};
    EvalSpec spec;
    Axes a = {0};
    if (taken(&any, eval_spec_read(&spec, in->path, NULL, 0, axes, &err), &err)) {
      MUST(spec.tasks > 0 && spec.methods > 0);
      if (axes) taken(&any, axes_expand(&a, &spec, &err), &err);
      for (int i = 0; i < spec.methods; i++) free(eval_method_settings(spec.method[i]));
    }
    axes_free(&a);
    eval_spec_free(&spec);
  }
}

/* ---- cells ---- */

typedef struct World {
  EvalSpec spec;
  EvalTask task;
  EvalMethod method;
  ItemSet *items;
  EvalCell cell;
} World;

static CellParts parts_of(const World *w) {
  return (CellParts){.spec = &w->spec, .task = &w->task, .method = &w->method, .items = w->items};
}

static void write_text(const char *dir, const char *name, const char *text) {
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, name);
  sound(file_write(path, text, strlen(text), &err), &err);
  free(path);
}

/* A finished cell of a task of two items. */
static void *write_cell(const char *dir) {
  static char who[] = "who", local[] = "local";
  static const CellScore SCORES[] = {{METRIC_ROUGE_1, 61.5, {40.25, 77.125}},
                                     {METRIC_ROUGE_2, 12.5, {0, 100}}};
  const ItemKeys keys = {.use = ITEMS_ANSWERED};
  Error err = {0};
  World *w = calloc(1, sizeof *w);
  char *cells = place(&(Input){.dir = dir}, "cells/local");
  char *items = place(&(Input){.dir = dir}, "who.jsonl");
  MUST(w);
  sound(dir_make(cells, &err), &err);
  write_text(dir, "who.jsonl",
             "{\"input\": \"a\", \"target\": \"b\"}\n{\"input\": \"c\", \"target\": \"d\"}\n");
  write_text(dir, "cells/local/who.jsonl", "");
  w->spec.settings.output = strdup(dir);
  w->task = (EvalTask){
      .name = who, .group = who, .metric = {METRIC_ROUGE_1, METRIC_ROUGE_2}, .metric_count = 2};
  w->method = (EvalMethod){.name = local, .rule = EVAL_ORACLE};
  w->cell = (EvalCell){.state = CELL_OPEN, .scores = 2, .items = 2};
  memset(w->cell.identity, 'c', HASH_HEX - 1);
  memcpy(w->cell.score, SCORES, sizeof SCORES);
  sound(items_open(&w->items, items, ITEMS_LINES, &keys, &err), &err);
  const CellParts parts = parts_of(w);
  sound(eval_cell_write(&w->cell, &parts, &err), &err);
  free(items);
  free(cells);
  return w;
}

static void end_cell(void *world) {
  World *w = world;
  items_close(w->items);
  free(w->spec.settings.output);
  free(w);
}

static void check_cell(const EvalCell *cell, const World *w) {
  MUST(cell->scores == w->cell.scores && cell->items == w->cell.items && cell->cost.base >= 0);
  for (int i = 0; i < cell->scores; i++) {
    const CellScore *s = &cell->score[i];
    MUST(s->metric == w->cell.score[i].metric && s->score >= 0 && s->score <= 100);
    MUST(s->interval.low >= 0 && s->interval.low <= s->interval.high && s->interval.high <= 100);
  }
}

/* A cell is taken over, and is taken over again when it has been written; or nothing is changed. */
static void read_cell(const Input *in) {
  Error err = {0};
  const World *w = in->world;
  const CellParts parts = parts_of(w);
  EvalCell cell = {.state = CELL_OPEN};
  memcpy(cell.identity, w->cell.identity, HASH_HEX);
  EvalCell again = cell;
  if (!taken(in, eval_cell_read(&cell, &parts, false, &err), &err)) return;
  if (cell.state == CELL_OPEN) {
    MUST(cell.scores == 0 && cell.items == 0);
    return;
  }
  check_cell(&cell, w);
  sound(eval_cell_write(&cell, &parts, &err), &err);
  sound(eval_cell_read(&again, &parts, false, &err), &err);
  MUST(again.state == CELL_DONE);
  check_cell(&again, w);
}

const Target eval_targets[] = {
    {.name = "eval",
     .file = "eval.yaml",
     .seeds = "configs/demo/eval.yaml configs/demo/ablate.yaml tests/fuzz/seeds/eval.yaml "
              "tests/fuzz/seeds/ablate.yaml",
     .words = "eval",
     .most = 3072,
     .run = read_spec},
    {.name = "cell",
     .file = "cells/local/who.json",
     .seeds = "",
     .words = "eval",
     .most = 2048,
     .world = write_cell,
     .end = end_cell,
     .run = read_cell},
    {0},
};
