#include "tests/released_case.h"

#include <stdlib.h>

#include "tests/scratch.h"
#include "tests/testing.h"

void released_case_open(const RoutedCase *k, Released *r, const char *file) {
  Error err = {0};
  char *path = golden_path("released/%s", file);
  expect_ok(path, released_open(r, path, &k->model->modules, &err), &err);
  expect_ok(path, released_check(r, &err), &err);
  free(path);
}
