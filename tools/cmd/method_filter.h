/* method_filter: the methods of routing that somebody looks for. */
#ifndef SKEIN_METHOD_FILTER_H
#define SKEIN_METHOD_FILTER_H

#include "infer/route/route_labels.h"
#include "tools/shell/arguments.h"

typedef struct MethodFilter {
  bool none;                       /* that need nothing but experts */
  unsigned reads;                  /* that need all of these */
  const char *label[ROUTE_LABELS]; /* of these labels; NULL: any */
} MethodFilter;

/* From the values of --needs and --label: STATUS_USAGE for what no method is. */
Status method_filter_read(MethodFilter *f, const TextList *needs, const TextList *label,
                          Error *err);
/* `reads` by route_reads. */
bool method_fits(const MethodFilter *f, const RouteMethod *method, unsigned reads);

#endif
