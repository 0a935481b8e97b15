/* eval_notes: what the tables' readers should know besides: what rules chose, which items were
 * asked and left out, whose gates nobody vouches for. */
#ifndef SKEIN_EVAL_NOTES_H
#define SKEIN_EVAL_NOTES_H

#include <stdio.h>

#include "infer/eval/evaluation.h"

/* How a table's notes begin a line and put a name. */
typedef struct NoteStyle {
  const char *before;
  void (*put)(FILE *out, const char *text);
} NoteStyle;

void eval_notes_put(const Evaluation *e, const NoteStyle *style, FILE *out);

#endif
