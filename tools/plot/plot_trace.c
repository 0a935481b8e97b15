/* skein plot trace: the experts that the tokens of one item went to. */
#include <math.h>
#include <stdlib.h>

#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"
#include "tools/plot/trace_file.h"
#include "tools/shell/console.h"

enum { COLUMN_MOST = 80 /* tokens below each other */, PAGES_MOST = 64 };

typedef struct TraceFigure {
  TraceFile of;
  int *top; /* [tops] the experts that are drawn, in the order of the pool */
  int tops;
  double largest;  /* of the weights that are drawn */
  int first, rows; /* the tokens of the page: [first, first + rows) */
} TraceFigure;

/* Choosing the experts with the largest sums over tokens, the earlier among equals. */

static Status choose_top(TraceFigure *f, int most, Error *err) {
  double *sum = calloc((size_t)f->of.experts, sizeof *sum);
  f->top = calloc((size_t)f->of.experts, sizeof *f->top);
  Status status = sum && f->top ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a trace");
  for (int i = 0; status == STATUS_OK && i < f->of.tokens * f->of.experts; i++)
    sum[i % f->of.experts] += f->of.weight[i];
  for (int e = 0; status == STATUS_OK && e < f->of.experts; e++) {
    int before = 0;
    for (int k = 0; k < f->of.experts; k++)
      before += sum[k] > sum[e] || (!(sum[k] < sum[e]) && k < e);
    if (before < most) f->top[f->tops++] = e;
  }
  free(sum);
  for (int i = 0; status == STATUS_OK && i < f->of.tokens * f->tops; i++)
    f->largest = fmax(f->largest, f->of.weight[i / f->tops * f->of.experts + f->top[i % f->tops]]);
  return status;
}

/* Columns of tokens beside each other, of which a screen has room for few where experts are many. */
static int columns_most(const TraceFigure *f) {
  return f->tops <= 14 ? 4 : f->tops <= 30 ? 2 : 1;
}

/* Writing. */

static const char *drawn_expert(const void *arg, int i) {
  const TraceFigure *f = arg;
  return trace_file_expert(&f->of, f->top[i]);
}

static void trace_data(FILE *out, const void *arg) {
  const TraceFigure *f = arg;
  PlotRow row = plot_row(out);
  fputs("row\tstack\ttoken\tcolumn\texpert\tweight\n", out);
  for (int t = f->first; t < f->first + f->rows; t++) {
    for (int i = 0; i < f->tops; i++) {
      row_int(&row, t);
      row_text(&row, t < f->of.encoder ? "encoder" : "decoder");
      row_text(&row, f->of.token[t]);
      row_int(&row, i);
      row_text(&row, trace_file_expert(&f->of, f->top[i]));
      row_number(&row, f->of.weight[t * f->of.experts + f->top[i]]);
      row_end(&row);
    }
  }
}

static void trace_settings(FILE *out, const void *arg) {
  const TraceFigure *f = arg;
  int columns = (f->rows + COLUMN_MOST - 1) / COLUMN_MOST;
  fputs("heading = 'Routing of tokens: mean planned weight over modules'\nsubtitle = ", out);
  fputs("'first item of task '.", out), plot_quote_short(out, f->of.task, 60);
  fputs(".', method '.", out), plot_quote_short(out, f->of.method, 60);
  fputs(".', pool '.", out), plot_quote_short(out, f->of.pool, 60);
  fprintf(out, ".'; %d of %d experts", f->tops, f->of.experts);
  if (f->rows < f->of.tokens)
    fprintf(out, "; tokens %d to %d of %d", f->first + 1, f->first + f->rows, f->of.tokens);
  fprintf(out, "'\nexperts = %d\nfirst = %d\nrows = %d\n", f->tops, f->first, f->rows);
  fprintf(out, "encoder = %d\ntokens = %d\n", f->of.encoder, f->of.tokens);
  fprintf(out, "column_rows = %d\nlargest = ", (f->rows + columns - 1) / columns);
  plot_number(out, f->largest > 0 ? f->largest : 1);
  fputc('\n', out);
  plot_labels(out, "expert", &(Labels){drawn_expert, f, f->tops, PLOT_LABEL});
  plot_labels(out, "token", &(Labels){label_of_array, f->of.token + f->first, f->rows, PLOT_LABEL});
}

static Status draw_pages(TraceFigure *f, Figures *made, Error *err) {
  int page = columns_most(f) * COLUMN_MOST, end = f->of.tokens;
  char name[32] = "trace";
  if (end > PAGES_MOST * page) {
    end = PAGES_MOST * page;
    console_note(NULL, "skein: %s: the first %d of %d tokens are drawn", f->of.doc.file, end,
                 f->of.tokens);
  }
  for (f->first = 0; f->first < end; f->first += page) {
    if (f->first > 0) snprintf(name, sizeof name, "trace-%d", f->first / page + 1);
    f->rows = f->of.tokens - f->first < page ? f->of.tokens - f->first : page;
    const Figure figure = {name, trace_data, trace_settings, f, plot_trace_script};
    TRY(plot_figure(made, &figure, err));
  }
  return STATUS_OK;
}

Status plot_trace(const char *path, Figures *made, int most, Error *err) {
  TraceFigure f = {0};
  Status status = trace_file_read(&f.of, path, err);
  if (status == STATUS_OK) status = choose_top(&f, most, err);
  if (status == STATUS_OK) status = draw_pages(&f, made, err);
  free(f.top);
  trace_file_free(&f.of);
  return status;
}
