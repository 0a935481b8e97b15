/* testing: the golden files, and when numbers agree with those of a reference. */
#ifndef SKEIN_TESTS_TESTING_H
#define SKEIN_TESTS_TESTING_H

#include <stdint.h>

#include <jansson.h>

/* The path of a file of tests/golden below $SKEIN_ROOT (the working directory if unset), in a new
 * string. */
char *golden_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The JSON file tests/golden/<name>; free with json_decref. Fails the test if there is none. */
json_t *golden_json(const char *name);

/* How far numbers are from the wanted ones.
 *
 * Of one element: |got - want| / max(|want|, rms(want)). An element far below the root mean square
 * is a sum in which terms of that size cancelled; its rounding error is theirs, so it is measured
 * against them. `worst` is the largest over all elements; it is never below max|got - want| /
 * max|want|. Of the whole: ||got - want|| / ||want||, for differences that are in the input itself.
 * Where all of `want` is 0, so must `got` be. NaN where either has one. */
typedef struct Agreement {
  double worst, whole;
  int64_t at; /* of the worst element */
} Agreement;

Agreement agreement(const float *got, const float *want, int64_t n);

/* A comparison of many tensors: every one is looked at before the verdict. */
typedef struct Comparison {
  char what[96];
  double tolerance;
  double largest; /* of `worst` */
  char where[160];
  int tensors, failed;
} Comparison;

/* The format says what is compared. */
Comparison compare_begin(double tolerance, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Compares by `worst`; a tensor beyond the tolerance is printed. */
void compare(Comparison *c, const char *name, const float *got, const float *want, int64_t n);
void compare_value(Comparison *c, const char *name, double got, double want);
/* Prints the largest error and where it is; fails the test when a tensor was beyond the tolerance
 * or there was none. */
void compare_end(const Comparison *c);

#endif
