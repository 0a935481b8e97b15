/* results_tables: the scores of an evaluation, a table a group, and what is to be said of them. */
#ifndef SKEIN_RESULTS_TABLES_H
#define SKEIN_RESULTS_TABLES_H

#include <stdio.h>

#include "tools/plot/results_file.h"

void results_tables_put(FILE *out, const Results *r);

#endif
