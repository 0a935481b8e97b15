/* identity_rows: what a finished cell of an evaluation depends on: each row changes one thing of what
 * is asked in an eval_world with eval_changes, and says whether the cell is to be computed again. */
#ifndef SKEIN_TESTS_IDENTITY_ROWS_H
#define SKEIN_TESTS_IDENTITY_ROWS_H

#include "tests/scratch.h"

/* What is asked: lines of settings, a task, a method. */
typedef struct Asked {
  const char *settings, *task, *method;
} Asked;

typedef enum Again { SAME, AGAIN } Again; /* whether the cell is to be computed again */

typedef struct IdentityRow {
  const char *key; /* of the setting that changes; else what does */
  Again again;
  Asked before,
      after; /* NULL: IDENTITY_SETTINGS, IDENTITY_TASK, phatgoose; in `after`: as before */
  void (*change)(Scratch *s); /* NULL: the files stay as they are */
} IdentityRow;

extern const IdentityRow IDENTITY_ROW[];
extern const int IDENTITY_ROWS;

/* What is asked where a row says nothing. */
#define IDENTITY_SETTINGS "threads: 1\npool: @/pool\nbase: @/base\noutput: @/out\n"
#define IDENTITY_TASK     "name: t, file: @/items.jsonl, limit: 2"

#endif
