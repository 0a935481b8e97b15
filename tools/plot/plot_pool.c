/* skein plot pool: how alike the experts of a pool are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/pool/pool_similarity.h"
#include "infer/t5/t5.h"
#include "tools/plot/plot.h"

enum { THREADS = 2 };

typedef struct PoolFigure {
  const char *dir;
  const char **expert; /* [experts] */
  PoolSimilarity similarity;
} PoolFigure;

static void pool_data(FILE *out, const void *arg) {
  const PoolFigure *f = arg;
  int experts = f->similarity.experts;
  fputs("row\texpert\tcolumn\tother\tgate\tupdate\n", out);
  for (int i = 0; i < experts; i++) {
    for (int k = 0; k < experts; k++) {
      fprintf(out, "%d\t%s\t%d\t%s\t", i, f->expert[i], k, f->expert[k]);
      plot_number(out, f->similarity.gate[i * experts + k]);
      fputc('\t', out), plot_number(out, f->similarity.update[i * experts + k]);
      fputc('\n', out);
    }
  }
}

/* The largest absolute value between two experts, for the ends of the colour scale. */
static double largest(const double *cosine, int experts) {
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
  fputs(".'; mean over the modules that both cover'\n", out);
  fprintf(out, "experts = %d\n", experts);
  plot_labels(out, "expert", f->expert, experts);
  fprintf(out, "array largest[2] = [%.9g, %.9g]\n", largest(f->similarity.gate, experts),
          largest(f->similarity.update, experts));
}

static Status draw_pool(Pool *pool, const char *out, Error *err) {
  PoolFigure f = {.dir = pool_dir(pool)};
  f.expert = calloc((size_t)pool_count(pool) + 1, sizeof *f.expert);
  if (!f.expert) return error_set(err, STATUS_RUN, "out of memory: the names of experts");
  for (int i = 0; i < pool_count(pool); i++) f.expert[i] = pool_entry(pool, i)->name;
  Status status = pool_similarity(&f.similarity, pool, THREADS, err);
  Figure figure = {"pool", pool_data, pool_settings, &f, plot_pool_script};
  if (status == STATUS_OK) status = plot_figure(out, &figure, err);
  pool_similarity_free(&f.similarity);
  free(f.expert);
  return status;
}

Status plot_pool(const char *dir, const char *base, const char *out, Error *err) {
  PoolManifest manifest = {0};
  T5 *model = NULL;
  Pool *pool = NULL;
  const char *base_dir;
  char sample[HASH_HEX];
  if (!out) return error_set(err, STATUS_USAGE, "plot: -o DIR is missing");
  TRY(manifest_read(&manifest, dir, err));
  Status status = manifest.count > 0
                      ? STATUS_OK
                      : error_set(err, STATUS_INPUT, "%s: the pool has no expert", dir);
  if (status == STATUS_OK) status = manifest_base(&manifest, base, &base_dir, err);
  if (status == STATUS_OK) status = t5_open(&model, base_dir, err);
  if (status == STATUS_OK) status = t5_sample(model, sample, err);
  if (status == STATUS_OK) status = pool_open(&pool, dir, &model->modules, sample, NULL, err);
  if (status == STATUS_OK) status = draw_pool(pool, out, err);
  pool_close(pool);
  t5_close(model);
  manifest_free(&manifest);
  return status;
}
