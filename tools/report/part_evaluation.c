/* An evaluation: results, tables, routing, record. */
#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/plot/routing_cells.h"
#include "tools/report/comparison_table.h"
#include "tools/report/evaluation_record.h"
#include "tools/report/html.h"
#include "tools/report/report_part.h"
#include "tools/report/results_figure.h"
#include "tools/report/results_tables.h"
#include "tools/report/routing_maps.h"

typedef struct EvaluationPart {
  Results results;
  ComparisonTable comparison;
  Cells cells;
  RoutingMaps maps;
} EvaluationPart;

/* An evaluation of methods that route nothing has no statistics, and may have been given without
 * its cells. */
static Status read_cells(Cells *cells, const char *path, Error *err) {
  char *dir = path_below(path, "cells"), *input[] = {(char *)path};
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  const RoutingRequest all = {.input = input, .inputs = 1, .what = STATISTIC_WEIGHT};
  Status status = dir_exists(dir) ? cells_read(cells, &all, err) : STATUS_OK;
  free(dir);
  return status;
}

static void free_evaluation(void *run) {
  EvaluationPart *e = run;
  if (!e) return;
  routing_maps_free(&e->maps);
  cells_free(&e->cells);
  comparison_table_free(&e->comparison);
  results_free(&e->results);
  free(e);
}

static Status read_evaluation(void **run, const char *path, Error *err) {
  EvaluationPart *e = *run = calloc(1, sizeof *e);
  if (!e) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(results_read(&e->results, path, err));
  TRY(comparison_table_make(&e->comparison, path, &e->results, err));
  TRY(read_cells(&e->cells, path, err));
  return routing_maps_make(&e->maps, e->cells.file, e->cells.count, err);
}

static void put_evaluation(FILE *out, const void *run) {
  const EvaluationPart *e = run;
  results_figure_put(out, &e->results);
  results_tables_put(out, &e->results);
  comparison_table_put(out, &e->comparison, &e->results);
  if (e->maps.methods > 0) routing_maps_put(out, &e->maps);
  evaluation_record_put(out, &e->results.doc);
}

const ReportPart part_evaluation = {.kind = "evaluation",
                                    .mark = "table.json",
                                    .read = read_evaluation,
                                    .put = put_evaluation,
                                    .free = free_evaluation};
