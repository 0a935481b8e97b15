/* Every allocation may fail while PyTorch's files are read and written as safetensors. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/weights.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"

typedef struct Paths {
  char *in;
  char out[PATH_MAX];
} Paths;

static Status convert(void *arg, Error *err) {
  const Paths *p = arg;
  Weights *w;
  TRY(weights_open(&w, p->in, err));
  Status status = weights_export(w, NULL, p->out, err);
  weights_close(w);
  return status;
}

static void files_of_pytorch_are_converted(void **state) {
  static const char *const names[] = {"good/views.pt",     "good/wrapper.pt", "good/big_endian.pt",
                                      "good/protocol4.pt", "good/tied.pt",    "base"};
  Paths p;
  strcpy(p.out, scratch_path(*state, "out.safetensors"));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    p.in = golden_path("torch/%s", names[i]);
    fail_each_allocation(names[i], convert, &p, 30, 0);
    free(p.in);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files_of_pytorch_are_converted)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
