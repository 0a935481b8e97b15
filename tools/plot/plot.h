/* plot: what the figures share. A figure NAME is three kinds of files in one folder: NAME.tsv (the
 * data), NAME.gp (a gnuplot script, to restyle it by hand) and the images that gnuplot makes.
 *
 * The room tools/plot owns figures: what is read back of runs, evaluations, traces and pools, the
 * data of every figure, and the scripts that draw them. It computes nothing that is not drawn, and
 * works without gnuplot up to the images. */
#ifndef SKEIN_PLOT_H
#define SKEIN_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "autograd/ground/status.h"
#include "data/file/path.h"
#include "tools/plot/plot_text.h"

/* "array NAME[count] = [...]" of texts as plot_quote_short. */
void plot_texts(FILE *out, const char *name, const char *const *text, int count, int most);

/* The folder that the figures of one command go to, and what to say of them afterwards. */
enum { FIGURE_NAME = PATH_NAME_MOST + 32 };
typedef struct Figures {
  const char *dir; /* borrowed */
  bool force;      /* files of the same names are replaced, which may have been edited since */
  int count;       /* written so far */
  bool drawn;      /* there are images */
  char first[FIGURE_NAME], last[FIGURE_NAME];
} Figures;
/* One line on stdout: how many, which and where. */
void figures_say(const Figures *made);

/* A figure: its data, what its script is to know about them (heading and subtitle at least), and
 * the script, which runs behind plot_style.gp. The name is one that a file can have (path.h). */
typedef struct Figure {
  const char *name;
  void (*data)(FILE *out, const void *arg);
  void (*settings)(FILE *out, const void *arg);
  const void *arg;
  const char *script;
} Figure;
/* Writes DIR/NAME.tsv, .gp, .png and .svg, each whole or not at all. DIR is made; before
 * that, output_check refuses names that are taken. gnuplot sees only a
 * directory of our own. Without gnuplot there are no images, which a line on stderr says once. */
Status plot_figure(Figures *made, const Figure *figure, Error *err);

/* skein plot training: curves of the runs, with the step whose parameters are the result. */
Status plot_training(char *const *runs, int count, Figures *made, Error *err);

/* skein plot trace: token x expert of a file of skein score --trace, the `most` experts with the
 * largest weights; a figure for every page of tokens: trace, trace-2, ... */
Status plot_trace(const char *path, Figures *made, int most, Error *err);

/* skein plot results: the means of the methods of an evaluation (DIR/table.json), by group. */
Status plot_results(const char *dir, Figures *made, Error *err);

/* skein plot pareto: the same means against what the methods cost. `cost` is one of
 * pareto_cost_parse, 0 at first: --cost of the command. */
Status plot_pareto(const char *dir, int cost, Figures *made, Error *err);
Status pareto_cost_parse(void *field, const char *text, Error *err);

/* tools/plot/NAME.gp as NAME_script, by the build. */
extern const char plot_training_script[];
extern const char plot_style_script[];
extern const char plot_modules_script[];
extern const char plot_tasks_script[];
extern const char plot_experts_script[];
extern const char plot_entropy_script[];
extern const char plot_pool_script[];
extern const char plot_instructions_script[];
extern const char plot_trace_script[];
extern const char plot_results_script[];
extern const char plot_pareto_script[];

#endif
