/* extension: a run that goes on beyond the steps that it was to make (train.steps raised, --resume).
 *
 * What it did until then it did by the learning rates and validations of the shorter run. Where those
 * are what a run of the new length begins with, the two end with the same bytes; where they are not
 * (linear and cosine schedules; a warm-up that is a share of the steps; a validation at the end of
 * the shorter run that the longer one does not make), the result is that of no run from the start,
 * and says so. */
#ifndef SKEIN_EXTENSION_H
#define SKEIN_EXTENSION_H

#include "data/text/json.h"
#include "train/run_settings.h"

enum { EXTENSIONS_MOST = 16 };

typedef struct Extension {
  int64_t at;       /* steps done when it was extended */
  int64_t from, to; /* steps that it was to make before and since */
  bool same;        /* a run of `to` steps begins as this one did */
} Extension;

typedef struct Extensions {
  Extension one[EXTENSIONS_MOST];
  int count;
} Extensions;

/* Adds one after `at` steps of a run of `from`, which is from now on as the settings say. `valid`: it
 * validates. Fewer steps than `from`, and too many extensions, are STATUS_MISMATCH. */
Status extensions_add(Extensions *x, int64_t at, int64_t from, const TrainSettings *now, bool valid,
                      Error *err);
/* Steps that the run was to make before the last extension after which its result is not that of a run
 * from the start; 0: it is. */
int64_t extensions_from(const Extensions *x);

/* "extended after step 40 from 40 to 60 steps; ...", which the caller frees; NULL when out of memory. */
char *extension_text(const Extension *x);

/* [{at, from, to, same}]; a new reference, NULL when out of memory. */
json_t *extensions_json(const Extensions *x);
/* The same back from the member "extended" of a document; none where it has no such member. */
Status extensions_read(Extensions *x, const JsonDoc *doc, Error *err);

#endif
