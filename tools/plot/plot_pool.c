#include "tools/plot/plot_pool.h"

#include <math.h>
#include <stdlib.h>

#include "infer/pool/pool_similarity.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"

enum { THREADS = 2 };

typedef struct PoolFigure {
  const char *dir;
  int gateless;        /* experts without gates */
  const char **expert; /* [experts] */
  PoolSimilarity similarity;
} PoolFigure;

static void pool_data(FILE *out, const void *arg) {
  const PoolFigure *f = arg;
  int experts = f->similarity.experts;
  PlotRow row = plot_row(out);
  fputs("row\texpert\tcolumn\tother\tgate\tupdate\n", out);
  for (int i = 0; i < experts; i++) {
    for (int k = 0; k < experts; k++) {
      row_int(&row, i);
      row_text(&row, f->expert[i]);
      row_int(&row, k);
      row_text(&row, f->expert[k]);
      row_number(&row, f->similarity.gate[i * experts + k]);
      row_number(&row, f->similarity.update[i * experts + k]);
      row_end(&row);
    }
  }
}

/* The largest absolute value between two experts, for the ends of the colour scale. */
static double largest_cosine(const double *cosine, int experts) {
  double most = 0;
  for (int i = 0; i < experts; i++)
    for (int k = 0; k < experts; k++)
      if (i != k && fabs(cosine[i * experts + k]) > most) most = fabs(cosine[i * experts + k]);
  return most > 0 ? most : 1;
}

static void pool_settings(FILE *out, const void *arg) {
  const PoolFigure *f = arg;
  int experts = f->similarity.experts;
  fputs("heading = 'How alike the experts are: gates and updates'\nsubtitle = 'pool '.", out);
  plot_quote_short(out, f->dir, 60);
  fputs(".'; mean over the modules that both cover", out);
  if (f->gateless > 0) fprintf(out, "; %d of %d have no gates", f->gateless, experts);
  fputs("'\n", out);
  fprintf(out, "experts = %d\n", experts);
  plot_labels(out, "expert", &(Labels){label_of_array, f->expert, experts, PLOT_LABEL});
  PlotRow row = plot_array(out, "reach[2]");
  row_number(&row, largest_cosine(f->similarity.gate, experts));
  row_number(&row, largest_cosine(f->similarity.update, experts));
  row_end(&row);
}

Status plot_pool(Pool *pool, Figures *made, Error *err) {
  PoolFigure f = {.dir = pool_dir(pool)};
  f.expert = calloc((size_t)pool_count(pool) + 1, sizeof *f.expert);
  if (!f.expert) return error_set(err, STATUS_RUN, "out of memory: the names of experts");
  for (int i = 0; i < pool_count(pool); i++) {
    f.expert[i] = pool_entry(pool, i)->name;
    f.gateless += !pool_entry(pool, i)->hash[POOL_GATE][0];
  }
  Status status = pool_similarity(&f.similarity, pool, THREADS, err);
  Figure figure = {"pool", pool_data, pool_settings, &f, plot_pool_script};
  if (status == STATUS_OK) status = plot_figure(made, &figure, err);
  pool_similarity_free(&f.similarity);
  free(f.expert);
  return status;
}
