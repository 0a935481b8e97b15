/* figure_parts: what the figures of routing say alike, in their scripts and data. */
#ifndef SKEIN_FIGURE_PARTS_H
#define SKEIN_FIGURE_PARTS_H

#include <stdio.h>

#include "tools/plot/routing_file.h"

enum { PLOT_TITLE = 60 }; /* characters of a name in the lines above a figure */

/* The lines above a figure of one task; of all tasks of a method or (`other` not NULL) of two. */
void figure_title(FILE *out, const char *heading, const RoutingFile *f, const char *rest);
void figure_tasks_title(FILE *out, const char *heading, const RoutingFile *f,
                        const RoutingFile *other, const char *rest);
void figure_expert_names(FILE *out, const RoutingFile *f);
/* What is drawn, and the largest value that the scale reaches to. */
void figure_scale(FILE *out, Statistic what, double largest);
/* What an expert is to the task: "own", "oracle" or "none". */
const char *figure_mark(const RoutingFile *f, int expert);
const char *statistic_words(Statistic what); /* for headings */

bool routing_same_block(const RoutingModule *a, const RoutingModule *b);
const char *routing_stack(const RoutingModule *m); /* "encoder" */
/* T5_GROUP[group] in words: "encoder self". Returns `text`. */
const char *routing_group_words(int group, char text[32]);

#endif
