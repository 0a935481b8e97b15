/* import_add: what grows while checkpoints are imported, and how an expert of one is added to it. For
 * pool_import.c and the readers of the formats. */
#ifndef SKEIN_IMPORT_ADD_H
#define SKEIN_IMPORT_ADD_H

#include <signal.h>

#include "infer/expert/released.h"
#include "tools/pool/pool_tool.h"
#include "tools/pool/staged_dir.h"

typedef struct PoolImport {
  const char *dir; /* the pool to be */
  StagedDir staged;
  T5 *model;
  PoolManifest m; /* of the pool under its hidden name */
  Facts facts;    /* what was done, printed at the end */
  json_t *rows, *unused;
  int64_t left_over; /* tensors of the base in checkpoints */
  int zero;          /* experts whose gates are all 0 */
  int unit;          /* whose gates have length 1 and will be standardised */
  const volatile sig_atomic_t *stop;
} PoolImport;

typedef struct ImportedExpert {
  const char *name;
  const char *source; /* what it is from, for the manifest */
  bool raw_gates;     /* routers are to take its gates as they are */
} ImportedExpert;

/* Expert `i` of a checkpoint becomes the next of the pool. STATUS_INPUT for a name that another
 * has. */
Status pool_import_add(PoolImport *p, Released *r, int i, const ImportedExpert *expert, Error *err);
/* The tensors of a checkpoint that are not used go into the report: the first's name, and how
 * many they are. */
void pool_import_unused(PoolImport *p, const Released *r);

#endif
