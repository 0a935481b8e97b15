/* skein plot trace: the experts that the tokens of one item went to. */
#include <math.h>
#include <stdlib.h>

#include "data/text/json.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"
#include "tools/shell/console.h"

enum { TRACE_MAX = 1 << 28, COLUMN_MOST = 80 /* tokens below each other */, PAGES_MOST = 64 };

typedef struct TraceFigure {
  JsonDoc doc; /* owns the texts */
  const char *task, *method, *pool;
  json_t *expert;
  const char **token; /* [tokens], the encoder's first */
  double *weight;     /* [tokens, experts] */
  int experts, tokens, encoder;
  int *top; /* [tops] the experts that are drawn, in the order of the pool */
  int tops;
  double largest;  /* of the weights that are drawn */
  int first, rows; /* the tokens of the page: [first, first + rows) */
} TraceFigure;

/* Reading. */

static Status bad_token(const TraceFigure *f, const char *side, size_t at, const char *what,
                        Error *err) {
  return error_set(err, STATUS_INPUT, "%s: %s: [%zu]: %s", f->doc.file, side, at, what);
}

static Status read_token(TraceFigure *f, const char *side, size_t at, json_t *value, Error *err) {
  const char *text = json_string_value(json_object_get(value, "token"));
  json_t *weight = json_object_get(value, "weight");
  if (!text) return bad_token(f, side, at, "token: want a string", err);
  if (!json_is_array(weight) || json_array_size(weight) != (size_t)f->experts)
    return bad_token(f, side, at, "weight: want an array of one number an expert", err);
  double *out = f->weight + (size_t)f->tokens * (size_t)f->experts;
  for (int e = 0; e < f->experts; e++) {
    const json_t *number = json_array_get(weight, (size_t)e);
    out[e] = json_is_number(number) ? json_number_value(number) : NAN;
    if (!isfinite(out[e])) return bad_token(f, side, at, "weight: want numbers", err);
  }
  f->token[f->tokens++] = text;
  return STATUS_OK;
}

static Status read_tokens(TraceFigure *f, Error *err) {
  json_t *side[2];
  static const char *const name[2] = {"encoder", "decoder"};
  TRY(json_get_array(&f->doc, name[0], &side[0], err));
  TRY(json_get_array(&f->doc, name[1], &side[1], err));
  size_t tokens = json_array_size(side[0]) + json_array_size(side[1]);
  if (tokens == 0) return error_set(err, STATUS_INPUT, "%s: has no token", f->doc.file);
  f->token = calloc(tokens, sizeof *f->token);
  f->weight = calloc(tokens * (size_t)f->experts, sizeof *f->weight);
  if (!f->token || !f->weight) return error_set(err, STATUS_RUN, "%s: out of memory", f->doc.file);
  for (int s = 0; s < 2; s++) {
    for (size_t i = 0; i < json_array_size(side[s]); i++)
      TRY(read_token(f, name[s], i, json_array_get(side[s], i), err));
    if (s == 0) f->encoder = f->tokens;
  }
  return STATUS_OK;
}

static Status read_trace(TraceFigure *f, const char *path, Error *err) {
  TRY(json_parse_file(&f->doc, path, TRACE_MAX, err));
  TRY(json_get_string(&f->doc, "task", &f->task, err));
  TRY(json_get_string(&f->doc, "method", &f->method, err));
  TRY(json_get_string(&f->doc, "pool", &f->pool, err));
  TRY(json_get_array(&f->doc, "experts", &f->expert, err));
  f->experts = (int)json_array_size(f->expert);
  for (int e = 0; e < f->experts; e++)
    if (!json_is_string(json_array_get(f->expert, (size_t)e)))
      return error_set(err, STATUS_INPUT, "%s: experts: [%d]: want a string", path, e);
  if (f->experts == 0) return error_set(err, STATUS_INPUT, "%s: experts: is empty", path);
  return read_tokens(f, err);
}

/* Choosing the experts with the largest sums over tokens, the earlier among equals. */

static Status choose_top(TraceFigure *f, int most, Error *err) {
  double *sum = calloc((size_t)f->experts, sizeof *sum);
  f->top = calloc((size_t)f->experts, sizeof *f->top);
  Status status = sum && f->top ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a trace");
  for (int i = 0; status == STATUS_OK && i < f->tokens * f->experts; i++)
    sum[i % f->experts] += f->weight[i];
  for (int e = 0; status == STATUS_OK && e < f->experts; e++) {
    int before = 0;
    for (int k = 0; k < f->experts; k++) before += sum[k] > sum[e] || (!(sum[k] < sum[e]) && k < e);
    if (before < most) f->top[f->tops++] = e;
  }
  free(sum);
  for (int i = 0; status == STATUS_OK && i < f->tokens * f->tops; i++)
    f->largest = fmax(f->largest, f->weight[i / f->tops * f->experts + f->top[i % f->tops]]);
  return status;
}

/* Columns of tokens beside each other, of which a screen has room for few where experts are many. */
static int columns_most(const TraceFigure *f) {
  return f->tops <= 14 ? 4 : f->tops <= 30 ? 2 : 1;
}

/* Writing. */

static const char *expert_name(const TraceFigure *f, int e) {
  return json_string_value(json_array_get(f->expert, (size_t)e));
}

static const char *drawn_expert(const void *arg, int i) {
  const TraceFigure *f = arg;
  return expert_name(f, f->top[i]);
}

static void trace_data(FILE *out, const void *arg) {
  const TraceFigure *f = arg;
  PlotRow row = plot_row(out);
  fputs("row\tstack\ttoken\tcolumn\texpert\tweight\n", out);
  for (int t = f->first; t < f->first + f->rows; t++) {
    for (int i = 0; i < f->tops; i++) {
      row_int(&row, t);
      row_text(&row, t < f->encoder ? "encoder" : "decoder");
      row_text(&row, f->token[t]);
      row_int(&row, i);
      row_text(&row, expert_name(f, f->top[i]));
      row_number(&row, f->weight[t * f->experts + f->top[i]]);
      row_end(&row);
    }
  }
}

static void trace_settings(FILE *out, const void *arg) {
  const TraceFigure *f = arg;
  int columns = (f->rows + COLUMN_MOST - 1) / COLUMN_MOST;
  fputs("heading = 'Routing of tokens: mean planned weight over modules'\nsubtitle = ", out);
  fputs("'first item of task '.", out), plot_quote_short(out, f->task, 60);
  fputs(".', method '.", out), plot_quote_short(out, f->method, 60);
  fputs(".', pool '.", out), plot_quote_short(out, f->pool, 60);
  fprintf(out, ".'; %d of %d experts", f->tops, f->experts);
  if (f->rows < f->tokens)
    fprintf(out, "; tokens %d to %d of %d", f->first + 1, f->first + f->rows, f->tokens);
  fprintf(out, "'\nexperts = %d\nfirst = %d\nrows = %d\n", f->tops, f->first, f->rows);
  fprintf(out, "encoder = %d\ntokens = %d\n", f->encoder, f->tokens);
  fprintf(out, "column_rows = %d\nlargest = ", (f->rows + columns - 1) / columns);
  plot_number(out, f->largest > 0 ? f->largest : 1);
  fputc('\n', out);
  plot_labels(out, "expert", &(Labels){drawn_expert, f, f->tops, PLOT_LABEL});
  plot_labels(out, "token", &(Labels){label_of_array, f->token + f->first, f->rows, PLOT_LABEL});
}

static Status draw_pages(TraceFigure *f, Figures *made, Error *err) {
  int page = columns_most(f) * COLUMN_MOST, end = f->tokens;
  char name[32] = "trace";
  if (end > PAGES_MOST * page) {
    end = PAGES_MOST * page;
    console_note(NULL, "skein: %s: the first %d of %d tokens are drawn", f->doc.file, end,
                 f->tokens);
  }
  for (f->first = 0; f->first < end; f->first += page) {
    if (f->first > 0) snprintf(name, sizeof name, "trace-%d", f->first / page + 1);
    f->rows = f->tokens - f->first < page ? f->tokens - f->first : page;
    const Figure figure = {name, trace_data, trace_settings, f, plot_trace_script};
    TRY(plot_figure(made, &figure, err));
  }
  return STATUS_OK;
}

Status plot_trace(const char *path, Figures *made, int most, Error *err) {
  TraceFigure f = {0};
  Status status = read_trace(&f, path, err);
  if (status == STATUS_OK) status = choose_top(&f, most, err);
  if (status == STATUS_OK) status = draw_pages(&f, made, err);
  free(f.top);
  free(f.weight);
  free(f.token);
  json_free(&f.doc);
  return status;
}
