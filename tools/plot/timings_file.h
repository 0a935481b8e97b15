/* timings_file: what a clock said of an evaluation, read back from its timings.csv
 * (infer/eval/eval_timing.h). */
#ifndef SKEIN_TIMINGS_FILE_H
#define SKEIN_TIMINGS_FILE_H

#include "tools/plot/results_file.h"

/* Of a method on the tasks of a group. */
typedef struct GroupTiming {
  double seconds, tokens; /* of the cells that have a timing */
  double preparation;     /* the most that opening its router took */
} GroupTiming;

/* Fills timing [groups, methods] of `r` from DIR/timings.csv, where the caller frees it. Lines of
 * others are passed over; STATUS_INPUT for what is no such file. */
Status timings_read(GroupTiming **timing, const Results *r, const char *dir, Error *err);

#endif
