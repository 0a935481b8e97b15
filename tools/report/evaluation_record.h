/* evaluation_record: what an evaluation was of: program, base, pool, tasks and methods, with the
 * hashes and settings by which it can be made again. Times and rates, which are of one machine, are
 * not among them. */
#ifndef SKEIN_EVALUATION_RECORD_H
#define SKEIN_EVALUATION_RECORD_H

#include <stdio.h>

#include "data/text/json.h"

/* Of a table.json that results_read has read. */
void evaluation_record_put(FILE *out, const JsonDoc *table);

#endif
