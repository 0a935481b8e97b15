#include "tools/plot/ablation_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 7, REFERENCES_MOST = 8 };

#define DECADES 30 /* values that span more than this factor go on a logarithmic axis */

/* ---- places on the axis ---- */

/* Numbers stand where they are, or at their logarithm when they span decades; 0 then stands one
 * step before the smallest. What is not a number stands in order. */
static void place_values(AblationLines *p) {
  const Curves *c = p->c;
  double least = 0, most = 0, second = 0;
  for (int v = 0; v < c->values; v++) {
    p->x[v] = c->numeric ? strtod(c->value[v], NULL) : v;
    if (p->x[v] <= 0) continue;
    if (least == 0) least = p->x[v];
    if (second == 0 && p->x[v] > least) second = p->x[v];
    most = p->x[v];
  }
  p->log = c->numeric && least > 0 && p->x[0] >= 0 && most / least >= DECADES;
  double step = p->log ? log10(second / least) : 0;
  for (int v = 0; v < c->values && p->log; v++)
    p->x[v] = p->x[v] > 0 ? log10(p->x[v]) : log10(least) - step;
}

/* ---- which curves ---- */

static bool same_label(const Curve *a, const Curve *b) {
  return a->reference == b->reference && strcmp(a->name, b->name) == 0;
}

static double best_score(const Curves *c, const Curve *curve) {
  double best = 0;
  for (int v = 0; v < c->values; v++) {
    if (curve->point[v] && curve->point[v]->scored) best = fmax(best, curve->point[v]->score);
  }
  return best;
}

/* The best scores of all curves of this name, together. */
static double name_score(const Curves *c, const Curve *curve) {
  double sum = 0;
  for (int i = 0; i < c->curves; i++) {
    if (same_label(&c->curve[i], curve)) sum += best_score(c, &c->curve[i]);
  }
  return sum;
}

static int find_label(const AblationLines *p, const Curve *curve) {
  for (int i = 0; i < p->labels; i++) {
    if (same_label(p->label[i].like, curve)) return i;
  }
  return -1;
}

static void find_labels(AblationLines *p) {
  for (int i = 0; i < p->c->curves; i++) {
    if (find_label(p, &p->c->curve[i]) < 0) p->label[p->labels++].like = &p->c->curve[i];
  }
}

/* Keeps the best lines and references, in their order. */
static void keep_best(AblationLines *p) {
  int kept = 0, number[2] = {0, 0};
  for (int i = 0; i < p->labels; i++) {
    int better = 0;
    bool reference = p->label[i].like->reference;
    double score = name_score(p->c, p->label[i].like);
    for (int j = 0; j < p->labels; j++) {
      double its = name_score(p->c, p->label[j].like);
      better +=
          p->label[j].like->reference == reference && (its > score || (its == score && j < i));
    }
    p->label[i].number = better < (reference ? REFERENCES_MOST : LINES_MOST);
  }
  for (int i = 0; i < p->labels; i++) {
    if (p->label[i].number == 0) continue;
    p->label[kept] = p->label[i];
    p->label[kept].number = ++number[p->label[kept].like->reference];
    kept++;
  }
  p->left_out = p->labels - kept;
  p->labels = kept;
}

static void choose_curves(AblationLines *p) {
  const Curves *c = p->c;
  find_labels(p);
  keep_best(p);
  for (int g = 0; g < p->a->groups; g++) {
    p->first[g] = p->count;
    for (int i = 0; i < c->curves; i++) {
      int label = find_label(p, &c->curve[i]);
      if (label < 0 || strcmp(c->curve[i].group, p->a->group[g]) != 0) continue;
      p->of[p->count] = label;
      p->drawn[p->count++] = &c->curve[i];
    }
  }
  p->first[p->a->groups] = p->count;
}

/* ---- the range ---- */

void ablation_lines_range(const AblationLines *p, double *bottom, double *ceiling) {
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < p->count; i++) {
    for (int v = 0; v < p->c->values; v++) {
      const AblationRow *point = p->drawn[i]->point[v];
      if (!point || !point->scored) continue;
      low = fmin(low, p->drawn[i]->reference ? point->score : fmin(point->score, point->low));
      high = fmax(high, p->drawn[i]->reference ? point->score : fmax(point->score, point->high));
    }
  }
  double from = low > high ? 0 : 10 * floor(low / 10), to = low > high ? 100 : 10 * ceil(high / 10);
  double more = to > from ? 0.03 * (to - from) : 1;
  *bottom = from - more;
  *ceiling = to + more;
}

/* ---- all of them ---- */

Status ablation_lines_make(AblationLines *p, const Ablation *a, const Curves *c, Error *err) {
  *p = (AblationLines){.a = a, .c = c};
  size_t curves = (size_t)c->curves;
  p->label = calloc(curves + 1, sizeof *p->label);
  p->drawn = calloc(curves + 1, sizeof *p->drawn);
  p->of = calloc(curves + 1, sizeof *p->of);
  p->first = calloc((size_t)p->a->groups + 1, sizeof *p->first);
  p->x = calloc((size_t)p->c->values + 1, sizeof *p->x);
  if (!p->label || !p->drawn || !p->of || !p->first || !p->x)
    return error_set(err, STATUS_RUN, "out of memory: a figure");
  place_values(p);
  choose_curves(p);
  return STATUS_OK;
}

void ablation_lines_free(AblationLines *p) {
  free(p->label);
  free(p->drawn);
  free(p->of);
  free(p->first);
  free(p->x);
  *p = (AblationLines){0};
}
