/* fuzzer: a target under libFuzzer. Usage: fuzzer TARGET [CORPUS ...] [-OPTION=VALUE ...], or with
 * a file in place of a corpus to try that one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static Stage stage; /* libFuzzer hands nothing on from the one function to the other */

static void leave(void) {
  stage_close(&stage);
}

/* Takes the name of the target out of the arguments; the rest is libFuzzer's. It starts itself again
 * with those (-merge, -minimize_crash): there the environment names the target. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  const char *inherited = getenv("FUZZ_TARGET");
  const Target *target = target_find(inherited ? inherited : *argc > 1 ? (*argv)[1] : "");
  if (!target || (!inherited && setenv("FUZZ_TARGET", target->name, 1) != 0)) {
    fprintf(stderr, "usage: fuzzer TARGET [CORPUS ...] [-OPTION=VALUE ...]\n");
    exit(2);
  }
  if (!inherited) {
    (*argv)[1] = (*argv)[0];
    (*argv)++;
    (*argc)--;
  }
  stage = stage_open(target);
  return atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  stage_run(&stage, bytes, size);
  return 0;
}
