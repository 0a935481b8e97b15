/* plot_labels: a list of names beside an axis, cut so that they stay apart. */
#ifndef SKEIN_PLOT_LABELS_H
#define SKEIN_PLOT_LABELS_H

#include <stdio.h>

#include "tools/plot/plot_text.h"

typedef const char *LabelAt(const void *arg, int i);

typedef struct Labels {
  LabelAt *at; /* the name i of count */
  const void *arg;
  int count, most; /* characters that are shown of a name */
} Labels;

/* The characters before the ellipsis of a name that is cut (plot_text.h) with which the fewest of
 * them look alike: the middle, or as near to it as will do. */
int labels_head(const Labels *labels);

/* "array NAME[count]" of them as plot_quote_tic, and NAME_longest, the characters of the longest.
 * */
void plot_labels(FILE *out, const char *name, const Labels *labels);

/* Of names in an array. */
LabelAt label_of_array;

#endif
