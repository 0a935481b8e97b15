/* merge_settings: which merge, and how: the table of methods and that of options. */
#ifndef SKEIN_MERGE_SETTINGS_H
#define SKEIN_MERGE_SETTINGS_H

#include "data/options/options.h"
#include "infer/pool/pool.h"

typedef enum MergeScope { SCOPE_MODULE, SCOPE_EXPERT } MergeScope;
typedef enum MergeCompat { COMPAT_NONE, COMPAT_PEFT } MergeCompat;

typedef struct MergeSettings {
  int method;     /* merge.method: index into the table of methods */
  char *weights;  /* merge.weights; NULL: the method's own */
  double density; /* merge.density */
  int64_t rank;   /* merge.rank; 0: the method's own */
  int64_t seed;   /* merge.seed */
  int scope;      /* merge.scope: MergeScope */
  int compat;     /* merge.compat: MergeCompat */
} MergeSettings;

enum { MERGE_OPTIONS = 7 };
extern const Option MERGE_OPTION[MERGE_OPTIONS];

/* The mean of the updates, exactly: what the options are by default. */
MergeSettings merge_mean(void);

/* For help: what each method is, and its paper. */
int merge_method_count(void);
const char *merge_method_name(int method);
const char *merge_method_help(int method);
const char *merge_method_source(int method);

/* Whether an option changes what these settings compute. */
bool merge_reads(const MergeSettings *s, const char *key);
/* STATUS_USAGE for settings that no pool can meet. */
Status merge_check(const MergeSettings *s, Error *err);

/* weight [pool_count]: "0.5" gives all alike, "NAME=0.7,OTHER=0.3" each its own and must name all of
 * them; STATUS_USAGE otherwise. */
Status merge_weights(const char *text, const Pool *pool, double *weight, Error *err);

#endif
