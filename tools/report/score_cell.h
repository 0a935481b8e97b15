/* score_cell: a score in percent with its 95 % interval as pages show it: as a cell of a table, and
 * as a text under the pointer. Of items that all score the same a bootstrap knows no spread: then
 * there is no interval, as in the tables of evaluations. */
#ifndef SKEIN_SCORE_CELL_H
#define SKEIN_SCORE_CELL_H

#include <stdbool.h>
#include <stdio.h>

typedef struct Score {
  bool there, scored; /* it was asked for; it has a score */
  double score, low, high;
} Score;

bool score_has_interval(const Score *s);

/* <td>, tinted by the score; bold where it is the best. */
void score_cell_put(FILE *out, const Score *s, bool best);
/* "50.0 (40.5 to 60.2)" of a score that there is. */
void score_text_put(FILE *out, const Score *s);

#endif
