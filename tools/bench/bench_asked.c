#include "tools/bench/bench_asked.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/shell/machine.h"

bool bench_asked(void) {
  int c = getchar();
  bool asked = c != EOF;
  while (c != EOF && c != '\n') c = getchar();
  return asked;
}

Status bench_answer(json_t *line, double seconds, Error *err) {
  json_t *measured =
      json_pack("{s:f, s:f}", "seconds", seconds, "peak_bytes", machine_peak_resident());
  char *text = NULL;
  if (line && measured && json_object_update(line, measured) == 0) {
    text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
  }
  json_decref(line);
  json_decref(measured);
  if (!text) return error_set(err, STATUS_RUN, "out of memory: a line of output");
  printf("%s\n", text);
  fflush(stdout);
  free(text);
  return STATUS_OK;
}
