/* p3_set: one P3 set in memory, and what p3-split finds out about its rows.
 *
 * The room tools/study owns programs that prepare the data of a study, which are no part of skein.
 * They know files and JSON, and end with one line when memory runs out. */
#ifndef SKEIN_P3_SET_H
#define SKEIN_P3_SET_H

#include "data/text/json.h"

typedef enum P3Part { P3_TRAIN, P3_VALID, P3_TEST } P3Part;
enum { P3_PARTS = 3 };

typedef struct P3Template {
  const char *name; /* borrowed from a row */
  size_t rows;
  json_t *choices; /* the label set, owned; NULL: the answer is to be generated */
} P3Template;

typedef struct P3Row {
  JsonDoc doc;
  const char *input, *target; /* borrowed from doc */
  size_t template;            /* index into P3Set.template */
  size_t instance;            /* by p3_find_instances: the first row of the same instance */
  P3Part part;                /* by p3_divide */
} P3Row;

typedef struct P3Set {
  char *path, *name; /* the name is the file's, without folder and ending */
  P3Row *row;
  P3Template *template;
  size_t rows, templates;
  size_t unanswered; /* lines that were left out because their target is blank */
} P3Set;

/* Memory that does not fail: running out ends the program with one line. */
void *study_alloc(size_t count, size_t size);
void *study_grow(void *memory, size_t count, size_t size);

/* Lines {"template", "input", "target"} of a JSONL file, plain or compressed. */
Status p3_set_read(P3Set *set, const char *path, Error *err);
void p3_set_free(P3Set *set);

/* Fills `instance` of every row; see p3_instances.c for the rule. */
void p3_find_instances(P3Set *set);
/* Fills `part` of every row: whole instances, by a hash of their first row. */
void p3_divide(P3Set *set);
/* Fills `choices` of every template that asks for one of a few labels; see p3_labels.c. */
void p3_find_labels(P3Set *set);

#endif
