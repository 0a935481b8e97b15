#include "tools/report/results_tables.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report/html.h"
#include "tools/report/score_cell.h"

/* ---- what stands in a cell ---- */

/* A row: a task, or (-1) the mean of a group. */
typedef struct Row {
  const char *name;
  int task, group;
} Row;

static Score score_at(const Results *r, const Row *row, int method) {
  if (row->task >= 0) {
    const ResultCell *c = &r->cell[row->task * r->methods + method];
    return (Score){c->state != NULL, c->scored, c->score, c->low, c->high};
  }
  const ResultMean *m = &r->mean[row->group * r->methods + method];
  return (Score){true, m->scored, m->score, m->low, m->high};
}

/* The highest score of the methods that see no labels, which is in bold; NaN: none is higher than
 * another. */
static double best_of(const Results *r, const Row *row) {
  double best = NAN, least = NAN;
  for (int m = 0; m < r->methods; m++) {
    Score score = score_at(r, row, m);
    if (!score.scored || r->method[m].sees_labels) continue;
    best = fmax(best, score.score);
    least = fmin(least, score.score);
  }
  return best > least ? best : NAN;
}

/* ---- a table ---- */

static void put_head(FILE *out, const Results *r, const char *first) {
  fprintf(out, "<thead><tr><th scope=\"col\">%s</th>", first);
  for (int m = 0; m < r->methods; m++) {
    fprintf(out, "<th scope=\"col\"%s>", r->method[m].sees_labels ? " class=\"labels\"" : "");
    html_text(out, r->method[m].name);
    fputs("</th>", out);
  }
  fputs("</tr></thead>\n", out);
}

/* Of scores as printed, those that look equal are equal. */
static bool is_best(double score, double best) {
  return fabs(score - best) < 0.05;
}

static void put_row(FILE *out, const Results *r, const Row *row) {
  double best = best_of(r, row);
  fputs("<tr><th scope=\"row\">", out);
  html_text(out, row->name);
  fputs("</th>", out);
  for (int m = 0; m < r->methods; m++) {
    Score score = score_at(r, row, m);
    score_cell_put(out, &score, !r->method[m].sees_labels && is_best(score.score, best));
  }
  fputs("</tr>\n", out);
}

static void open_table(FILE *out, const Results *r, const char *caption, const char *first) {
  fputs("<div class=\"scroll\"><table class=\"scores\"><caption>", out);
  html_text(out, caption);
  fputs("</caption>\n", out);
  put_head(out, r, first);
  fputs("<tbody>\n", out);
}

static void close_table(FILE *out) {
  fputs("</tbody></table></div>\n", out);
}

static void put_group(FILE *out, const Results *r, int group) {
  int tasks = 0;
  open_table(out, r, r->group[group], "task");
  for (int t = 0; t < r->tasks; t++) {
    if (r->task[t].group != group) continue;
    put_row(out, r, &(Row){r->task[t].name, t, group});
    tasks++;
  }
  if (tasks > 1) {
    fputs("</tbody><tbody class=\"mean\">\n", out);
    put_row(out, r, &(Row){"mean", -1, group});
  }
  close_table(out);
}

static void put_summary(FILE *out, const Results *r) {
  open_table(out, r, "means", "group");
  for (int g = 0; g < r->groups; g++) put_row(out, r, &(Row){r->group[g], -1, g});
  fputs("</tbody><tbody class=\"mean\">\n", out);
  put_row(out, r, &(Row){"all tasks", -1, r->groups});
  close_table(out);
}

/* ---- what is to be said ---- */

static void put_failures(FILE *out, const Results *r) {
  for (int i = 0; i < r->tasks * r->methods; i++) {
    const ResultCell *cell = &r->cell[i];
    if (!cell->error) continue;
    fputs("<li><b>", out);
    html_text(out, r->method[i % r->methods].name);
    fputs("</b> failed on <b>", out);
    html_text(out, r->task[i / r->methods].name);
    fputs("</b>: ", out);
    html_text(out, cell->error);
    fputs("</li>\n", out);
  }
}

/* Whom a rule chose, task by task. */
static void put_choices(FILE *out, const Results *r) {
  for (int m = 0; m < r->methods; m++) {
    const char *between = "";
    if (!r->method[m].sees_labels) continue;
    fputs("<li><b>", out);
    html_text(out, r->method[m].name);
    fputs("</b> chose ", out);
    for (int t = 0; t < r->tasks; t++) {
      const ResultCell *cell = &r->cell[t * r->methods + m];
      if (!cell->expert) continue;
      fputs(between, out);
      html_text(out, r->task[t].name);
      fputs(": ", out);
      html_text(out, cell->expert);
      between = ", ";
    }
    fputs(*between ? "</li>\n" : "nothing</li>\n", out);
  }
}

static bool has_notes(const Results *r) {
  for (int m = 0; m < r->methods; m++)
    if (r->method[m].sees_labels) return true;
  for (int i = 0; i < r->tasks * r->methods; i++)
    if (r->cell[i].error) return true;
  return false;
}

void results_tables_put(FILE *out, const Results *r) {
  fputs(
      "<h3>Tables</h3>\n<p class=\"note\">Percent by each task's first metric, below it the 95 % "
      "bootstrap interval, none where all items score the same. Bold: the highest of the methods "
      "that see no labels.</p>\n",
      out);
  for (int g = 0; g < r->groups; g++) put_group(out, r, g);
  if (r->groups > 1) put_summary(out, r);
  if (!has_notes(r)) return;
  fputs("<ul class=\"notes\">\n", out);
  put_choices(out, r);
  put_failures(out, r);
  fputs("</ul>\n", out);
}
