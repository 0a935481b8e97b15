#include "infer/instruct/dispersion.h"

#include <math.h>
#include <stdbool.h>

#include "infer/embed/embed_cosine.h"

/* 1 - cosine; rounding makes nothing nearer than itself. */
static double distance(const NamedVectors *v, int row, int other) {
  const float *a = v->vector + row * v->dim, *b = v->vector + other * v->dim;
  double d = 1 - embed_dot(a, b, v->dim) / (embed_norm(a, v->dim) * embed_norm(b, v->dim));
  return d < 0 ? 0 : d;
}

double dispersion_distance(const NamedVectors *v, int name, int other) {
  double sum = 0;
  int pairs = 0;
  for (int i = v->begin[name]; i < v->begin[name + 1]; i++) {
    for (int k = name == other ? i + 1 : v->begin[other]; k < v->begin[other + 1]; k++, pairs++)
      sum += distance(v, i, k);
  }
  return pairs > 0 ? sum / pairs : NAN;
}

/* Whose first instruction a row is nearest to: its own name's where another is as near. */
static int nearest_first(const NamedVectors *v, int name, int row) {
  int best = name;
  double least = distance(v, row, v->begin[name]);
  for (int other = 0; other < v->names; other++) {
    double d = distance(v, row, v->begin[other]);
    if (d < least) {
      least = d;
      best = other;
    }
  }
  return best;
}

static void count_strays(Dispersion *d, const NamedVectors *v, int name) {
  int most = 0, first = v->begin[name] + 1, end = v->begin[name + 1];
  d->taken_for = -1;
  for (int i = first; i < end; i++) {
    int to = nearest_first(v, name, i), times = 0;
    if (to == name) continue;
    d->strayed++;
    for (int k = first; k < end; k++) times += nearest_first(v, name, k) == to;
    if (times <= most) continue;
    most = times;
    d->taken_for = to;
  }
}

void dispersion_measure(Dispersion *out, const NamedVectors *v) {
  for (int name = 0; name < v->names; name++) {
    Dispersion *d = &out[name];
    bool alone = v->begin[name + 1] - v->begin[name] < 2;
    *d = (Dispersion){.within = alone ? 0 : dispersion_distance(v, name, name), .nearest = -1};
    for (int other = 0; other < v->names; other++) {
      if (other == name) continue;
      double far = dispersion_distance(v, name, other);
      if (d->nearest >= 0 && far >= d->apart) continue;
      d->nearest = other;
      d->apart = far;
    }
    count_strays(d, v, name);
  }
}

int dispersion_alike(const Dispersion *d) {
  static const double ROUNDING = 1e-6; /* of vectors in f32 */
  if (d->strayed > 0) return d->taken_for;
  return d->nearest >= 0 && d->within >= d->apart - ROUNDING ? d->nearest : -1;
}
