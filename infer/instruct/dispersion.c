#include "infer/instruct/dispersion.h"

#include "infer/embed/embed_cosine.h"

typedef struct Rows {
  const float *vector;
  int names, samples;
  int64_t dim;
} Rows;

static double distance(const Rows *r, int name, int sample, int other, int of_other) {
  const float *a = r->vector + ((int64_t)name * r->samples + sample) * r->dim;
  const float *b = r->vector + ((int64_t)other * r->samples + of_other) * r->dim;
  return 1 - embed_dot(a, b, r->dim) / (embed_norm(a, r->dim) * embed_norm(b, r->dim));
}

static double within(const Rows *r, int name) {
  double sum = 0;
  for (int i = 0; i < r->samples; i++)
    for (int k = i + 1; k < r->samples; k++) sum += distance(r, name, i, name, k);
  return sum / (r->samples * (r->samples - 1) / 2.0);
}

static double apart(const Rows *r, int name, int other) {
  double sum = 0;
  for (int i = 0; i < r->samples; i++)
    for (int k = 0; k < r->samples; k++) sum += distance(r, name, i, other, k);
  return sum / ((double)r->samples * r->samples);
}

/* Whose first instruction a query is nearest to: its own name's where another is as near. */
static int nearest_first(const Rows *r, int name, int sample) {
  int best = name;
  double least = distance(r, name, sample, name, 0);
  for (int other = 0; other < r->names; other++) {
    double d = distance(r, name, sample, other, 0);
    if (d < least) {
      least = d;
      best = other;
    }
  }
  return best;
}

static void count_strays(Dispersion *d, const Rows *r, int name) {
  int most = 0;
  d->taken_for = -1;
  for (int i = 1; i < r->samples; i++) {
    int to = nearest_first(r, name, i), times = 0;
    if (to == name) continue;
    d->strayed++;
    for (int k = 1; k < r->samples; k++) times += nearest_first(r, name, k) == to;
    if (times <= most) continue;
    most = times;
    d->taken_for = to;
  }
}

void dispersion_measure(Dispersion *out, const float *vector, int names, int samples, int64_t dim) {
  const Rows r = {vector, names, samples, dim};
  for (int name = 0; name < names; name++) {
    Dispersion *d = &out[name];
    *d = (Dispersion){.within = within(&r, name), .nearest = -1};
    for (int other = 0; other < names; other++) {
      if (other == name) continue;
      double far = apart(&r, name, other);
      if (d->nearest >= 0 && far >= d->apart) continue;
      d->nearest = other;
      d->apart = far;
    }
    count_strays(d, &r, name);
  }
}
