/* figure_parts: what the figures of routing say alike, in their scripts and data. */
#ifndef SKEIN_FIGURE_PARTS_H
#define SKEIN_FIGURE_PARTS_H

#include <stdio.h>

#include "tools/plot/routing_file.h"

/* The lines above a figure; without a task `method` is in words. */
void figure_title(FILE *out, const char *heading, const char *task, const char *method,
                  const char *pool, const char *rest);
void figure_expert_names(FILE *out, const RoutingFile *f);
void figure_statistic(FILE *out, Statistic what);
const char *statistic_words(Statistic what); /* for headings */

bool routing_same_block(const RoutingModule *a, const RoutingModule *b);
const char *routing_stack(const RoutingModule *m); /* "encoder" */
/* T5_GROUP[group] in words: "encoder self". Returns `text`. */
const char *routing_group_words(int group, char text[32]);

#endif
