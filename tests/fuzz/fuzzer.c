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

/* Takes the name of the target out of the arguments; the rest is libFuzzer's. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  const Target *target = *argc > 1 ? target_find((*argv)[1]) : NULL;
  if (!target) {
    fprintf(stderr, "usage: fuzzer TARGET [CORPUS ...] [-OPTION=VALUE ...]\n");
    exit(2);
  }
  (*argv)[1] = (*argv)[0];
  (*argv)++;
  (*argc)--;
  stage = stage_open(target);
  return atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  stage_run(&stage, bytes, size);
  return 0;
}
