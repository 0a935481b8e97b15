/* trace_file: the experts that the tokens of one item went to, read back from what skein score and
 * generate write for --trace. */
#ifndef SKEIN_TRACE_FILE_H
#define SKEIN_TRACE_FILE_H

#include "data/text/json.h"

typedef struct TraceFile {
  JsonDoc doc; /* owns the texts */
  const char *task, *method, *pool;
  json_t *expert;     /* their names */
  const char **token; /* [tokens], the encoder's first */
  double *weight;     /* [tokens, experts] means over the modules of the planned weights; finite */
  int experts, tokens, encoder;
} TraceFile;

/* STATUS_INPUT naming file and field when it is not as above, or has no token. `path` must outlive
 * it. */
Status trace_file_read(TraceFile *f, const char *path, Error *err);
void trace_file_free(TraceFile *f); /* a zeroed TraceFile is allowed */

const char *trace_file_expert(const TraceFile *f, int expert);

#endif
