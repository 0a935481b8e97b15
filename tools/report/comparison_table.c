#include "tools/report/comparison_table.h"

#include <string.h>

#include "data/file/file.h"
#include "tools/report/html.h"

enum { SAMPLES = 10000, SEED = 1 /* as skein compare has them */ };
static const double SIGNIFICANT = 0.05;

static const char *highest(const Results *r) {
  const ResultMean *mean = &r->mean[r->groups * r->methods];
  int best = -1;
  for (int m = 0; m < r->methods; m++) {
    if (!mean[m].scored || r->method[m].sees_labels) continue;
    if (best < 0 || mean[m].score > mean[best].score) best = m;
  }
  return best < 0 ? NULL : r->method[best].name;
}

/* Whether every finished cell says whose predictions it is of, which an earlier skein did not. */
static bool names_predictions(const Results *r) {
  const json_t *cells = json_object_get(r->doc.root, "cells");
  for (size_t i = 0; i < json_array_size(cells); i++) {
    const json_t *cell = json_array_get(cells, i), *state = json_object_get(cell, "state");
    bool done = json_is_string(state) && strcmp(json_string_value(state), "done") == 0;
    if (done && !json_object_get(cell, "answers")) return false;
  }
  return true;
}

/* Whether all predictions are beside the tables: who hands on an evaluation may keep them. */
static Status look_for_predictions(const Compared *of, bool *there, Error *err) {
  *there = true;
  for (int m = 0; m < of->methods; m++) {
    for (int i = 0; i < of->method[m].cells && *there; i++) {
      const ComparedCell *cell = &of->method[m].cell[i];
      TRY(file_look(cell->file, there, err));
      if (*there) TRY(file_look(cell->predictions, there, err));
    }
  }
  return STATUS_OK;
}

/* What cannot be compared is shown all the same. */
static Status compare(ComparisonTable *t, Error *err) {
  const CompareSettings settings = {.against = t->against, .samples = SAMPLES, .seed = SEED};
  Error own = {0};
  Status status = eval_comparison_make(&t->made, &t->of, &settings, &own);
  t->compared = status == STATUS_OK;
  return status == STATUS_OK || status == STATUS_MISMATCH ? STATUS_OK
                                                          : error_set(err, status, "%s", own.text);
}

Status comparison_table_make(ComparisonTable *t, const char *dir, const Results *r, Error *err) {
  bool there;
  *t = (ComparisonTable){.against = highest(r)};
  if (!t->against || r->methods < 2 || !names_predictions(r)) return STATUS_OK;
  TRY(compared_read(&t->of, &dir, 1, err));
  TRY(look_for_predictions(&t->of, &there, err));
  return there ? compare(t, err) : STATUS_OK;
}

void comparison_table_free(ComparisonTable *t) {
  eval_comparison_free(&t->made);
  compared_free(&t->of);
  *t = (ComparisonTable){0};
}

/* ---- the table ---- */

/* The row of a method in a group, or (NULL) over all tasks; NULL: there is none. */
static const CompareRow *find_row(const ComparisonTable *t, const char *method, const char *group) {
  for (int i = 0; i < t->made.rows; i++) {
    const CompareRow *row = &t->made.row[i];
    bool scope = group ? row->scope == COMPARE_GROUP && strcmp(row->name, group) == 0
                       : row->scope == COMPARE_ALL;
    if (scope && strcmp(t->of.method[row->a].name, method) == 0) return row;
  }
  return NULL;
}

static void put_p(FILE *out, double p) {
  fprintf(out, p < 0.0005 ? "p &lt; 0.001" : "p %.3f", p);
}

static void put_cell(FILE *out, const CompareRow *row) {
  if (!row) {
    fputs("<td></td>", out);
    return;
  }
  const Paired *p = &row->by_item;
  fprintf(out, "<td%s>%+.1f", row->item_holm < SIGNIFICANT ? " class=\"best\"" : "", p->difference);
  if (p->interval.low < p->interval.high)
    fprintf(out, "<small>%+.1f to %+.1f</small>", p->interval.low, p->interval.high);
  fputs("<small>", out);
  put_p(out, row->item_holm);
  if (row->tasks > 1) fputs(", over tasks ", out), put_p(out, row->task_holm);
  fputs("</small></td>", out);
}

static void put_method(FILE *out, const ComparisonTable *t, const Results *r, const char *method) {
  fputs("<tr><th scope=\"row\">", out);
  html_text(out, method);
  fputs("</th>", out);
  for (int g = 0; g < r->groups && r->groups > 1; g++)
    put_cell(out, find_row(t, method, r->group[g]));
  put_cell(out, find_row(t, method, NULL));
  fputs("</tr>\n", out);
}

static void put_table(FILE *out, const ComparisonTable *t, const Results *r) {
  fputs("<div class=\"scroll\"><table class=\"scores\"><thead><tr><th scope=\"col\">method</th>",
        out);
  for (int g = 0; g < r->groups && r->groups > 1; g++) html_element(out, "th", NULL, r->group[g]);
  fputs("<th>all tasks</th></tr></thead>\n<tbody>\n", out);
  for (int m = 0; m < r->methods; m++)
    if (strcmp(r->method[m].name, t->against) != 0) put_method(out, t, r, r->method[m].name);
  fputs("</tbody></table></div>\n", out);
}

void comparison_table_put(FILE *out, const ComparisonTable *t, const Results *r) {
  if (!t->against || r->methods < 2) return;
  fputs("<h3>Differences</h3>\n", out);
  if (!t->compared) {
    fputs(
        "<p class=\"note\">The methods are not compared item by item: their predictions are not "
        "beside the tables, the tables are of an earlier skein, or no items are shared.</p>\n",
        out);
    return;
  }
  fputs("<p class=\"note\">Points more or less than <b>", out);
  html_text(out, t->against);
  fputs(
      "</b>, the highest mean, on the same items, with the 95 % interval of a paired bootstrap; "
      "bold where p of a permutation test over items, corrected (Holm), is below 0.05; and p "
      "over tasks, which says how much other tasks would change.</p>\n",
      out);
  put_table(out, t, r);
}
