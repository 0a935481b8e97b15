/* report_part: a kind of run that a report may be of: how it is known, read and shown. */
#ifndef SKEIN_REPORT_PART_H
#define SKEIN_REPORT_PART_H

#include <stdbool.h>
#include <stdio.h>

#include "autograd/ground/status.h"

typedef struct ReportPart {
  const char *kind; /* "evaluation" */
  const char *mark; /* the file by which a directory is known; NULL: it is a file */
  const char *key;  /* the member by which a file of JSON is known */
  /* Makes what is shown of the run at `path`, which must outlive it. */
  Status (*read)(void **run, const char *path, Error *err);
  void (*put)(FILE *out, const void *run); /* what stands below its heading */
  void (*free)(void *run);                 /* NULL is allowed */
} ReportPart;

extern const ReportPart part_ablation, part_evaluation, part_routing, part_trace, part_training;

#endif
