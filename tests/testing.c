#include "tests/testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char *golden_path(const char *format, ...) {
  char name[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(name, sizeof name, format, args);
  va_end(args);
  assert_in_range(n, 1, sizeof name - 1);
  const char *root = getenv("SKEIN_ROOT");
  char *path = NULL;
  assert_true(asprintf(&path, "%s/tests/golden/%s", root ? root : ".", name) > 0);
  return path;
}

json_t *golden_json(const char *name) {
  char *path = golden_path("%s", name);
  json_error_t error;
  json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!json) fail_msg("%s:%d: %s (run from the repository root)", path, error.line, error.text);
  free(path);
  return json;
}

Agreement agreement(const float *got, const float *want, int64_t n) {
  double want2 = 0, apart2 = 0;
  for (int64_t i = 0; i < n; i++) {
    double w = (double)want[i], d = (double)got[i] - w;
    want2 += w * w;
    apart2 += d * d;
  }
  double rms = n ? sqrt(want2 / (double)n) : 0;
  Agreement a = {.whole = apart2 > 0 ? sqrt(apart2 / want2) : apart2};
  for (int64_t i = 0; i < n && !isnan(a.worst); i++) {
    double d = fabs((double)got[i] - (double)want[i]);
    double error = d > 0 ? d / fmax(fabs((double)want[i]), rms) : d;
    if (error <= a.worst) continue;
    a.worst = error;
    a.at = i;
  }
  return a;
}

Comparison compare_begin(double tolerance, const char *format, ...) {
  Comparison c = {.tolerance = tolerance};
  va_list args;
  va_start(args, format);
  vsnprintf(c.what, sizeof c.what, format, args);
  va_end(args);
  return c;
}

static void compare_record(Comparison *c, const char *name, double error) {
  c->tensors++;
  if (!(error <= c->tolerance)) c->failed++;
  if (error <= c->largest) return;
  c->largest = error;
  snprintf(c->where, sizeof c->where, "%s", name);
}

void compare(Comparison *c, const char *name, const float *got, const float *want, int64_t n) {
  Agreement a = agreement(got, want, n);
  compare_record(c, name, a.worst);
  if (a.worst <= c->tolerance) return;
  print_error("%s: %s: element %lld of %lld is %.9g, want %.9g (error %.3g, of the whole %.3g)\n",
              c->what, name, (long long)a.at, (long long)n, (double)got[a.at], (double)want[a.at],
              a.worst, a.whole);
}

void compare_value(Comparison *c, const char *name, double got, double want) {
  double apart = fabs(got - want), error = apart > 0 ? apart / fabs(want) : apart;
  compare_record(c, name, error);
  if (error <= c->tolerance) return;
  print_error("%s: %s is %.9g, want %.9g (error %.3g)\n", c->what, name, got, want, error);
}

void compare_end(const Comparison *c) {
  print_message("%s: %d compared, largest relative error %.1e (%s), allowed %.0e\n", c->what,
                c->tensors, c->largest, c->where, c->tolerance);
  assert_int_equal(c->failed, 0);
  assert_true(c->tensors > 0);
}
