/* The trace of one item: its tokens in the colours of the experts that they went to, and token x
 * expert. */
#include <math.h>
#include <stdlib.h>

#include "tools/plot/trace_file.h"
#include "tools/report/heat_map.h"
#include "tools/report/html.h"
#include "tools/report/report_part.h"

enum {
  TOKENS_MOST = 2000, /* that are shown */
  NAMED_MOST = 6,     /* experts that a token's title names */
  ROWS_MOST = 512,    /* tokens of the heat map, */
  COLUMNS_MOST = 32,  /* and its experts */
};

typedef struct TracePart {
  TraceFile trace;
  int *order; /* [experts] the largest sums over tokens first, of equals the earlier */
  double largest;
} TracePart;

/* ---- reading ---- */

static void order_experts(TracePart *p, const double *sum) {
  int experts = p->trace.experts;
  for (int e = 0; e < experts; e++) {
    int before = 0;
    for (int k = 0; k < experts; k++) before += sum[k] > sum[e] || (k < e && !(sum[k] < sum[e]));
    p->order[before] = e;
  }
}

static Status read_trace(void **run, const char *path, Error *err) {
  TracePart *p = *run = calloc(1, sizeof *p);
  if (!p) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(trace_file_read(&p->trace, path, err));
  const TraceFile *t = &p->trace;
  double *sum = calloc((size_t)t->experts, sizeof *sum);
  p->order = calloc((size_t)t->experts, sizeof *p->order);
  for (int i = 0; sum && i < t->tokens * t->experts; i++) {
    sum[i % t->experts] += t->weight[i];
    p->largest = fmax(p->largest, t->weight[i]);
  }
  if (sum && p->order) order_experts(p, sum);
  free(sum);
  return sum && p->order ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", path);
}

static void free_trace(void *run) {
  TracePart *p = run;
  if (!p) return;
  trace_file_free(&p->trace);
  free(p->order);
  free(p);
}

/* ---- tokens ---- */

static double weight_of(const TracePart *p, int token, int expert) {
  return p->trace.weight[token * p->trace.experts + expert];
}

/* The next expert of a token behind `last`, by weight, of equals the earlier; -1: there is none. */
static int next_expert(const TracePart *p, int token, int last) {
  int next = -1;
  for (int e = 0; e < p->trace.experts; e++) {
    double w = weight_of(p, token, e);
    double after = last < 0 ? INFINITY : weight_of(p, token, last);
    bool behind = w < after || (last >= 0 && !(w > after) && e > last);
    if (behind && (next < 0 || w > weight_of(p, token, next))) next = e;
  }
  return next;
}

/* Experts have hues around the circle, in the order of the pool. */
static int hue_of(const TracePart *p, int expert) {
  return (int)lround(360.0 * expert / p->trace.experts);
}

static void put_title(FILE *out, const TracePart *p, int token) {
  fputs(" title=\"", out);
  html_text(out, p->trace.token[token]);
  for (int e = -1, n = 0; n < NAMED_MOST; n++) {
    e = next_expert(p, token, e);
    if (e < 0 || weight_of(p, token, e) < 5e-4) break;
    fputs("&#10;", out);
    html_text(out, trace_file_expert(&p->trace, e));
    fprintf(out, " %.3f", weight_of(p, token, e));
  }
  fputc('"', out);
}

static void put_token(FILE *out, const TracePart *p, int token) {
  int first = next_expert(p, token, -1);
  double weight = fmin(1, fmax(0, weight_of(p, token, first)));
  fprintf(out, "<span class=\"token\" style=\"--h:%d;--w:%.3f\"", hue_of(p, first), weight);
  put_title(out, p, token);
  fputc('>', out);
  html_text(out, p->trace.token[token]);
  fputs("</span>\n", out);
}

static void put_tokens(FILE *out, const TracePart *p, const char *side, int from, int to) {
  if (from >= to) return;
  fprintf(out, "<h4>%s <span>%d token%s</span></h4>\n<p class=\"tokens\">\n", side, to - from,
          to - from == 1 ? "" : "s");
  int end = to - from > TOKENS_MOST ? from + TOKENS_MOST : to;
  for (int i = from; i < end; i++) put_token(out, p, i);
  fputs("</p>\n", out);
  if (end < to)
    fprintf(out, "<p class=\"note\">The first %d of %d are shown.</p>\n", end - from, to - from);
}

static void put_legend(FILE *out, const TracePart *p) {
  int most = p->trace.experts < COLUMNS_MOST ? p->trace.experts : COLUMNS_MOST;
  fputs("<ul class=\"legend\">", out);
  for (int i = 0; i < most; i++) {
    fprintf(out, "<li style=\"--h:%d\">", hue_of(p, p->order[i]));
    html_text(out, trace_file_expert(&p->trace, p->order[i]));
    fputs("</li>", out);
  }
  if (most < p->trace.experts) fprintf(out, "<li>and %d others</li>", p->trace.experts - most);
  fputs("</ul>\n", out);
}

/* ---- token x expert ---- */

static const char *token_name(const void *arg, int token) {
  const TracePart *p = arg;
  return p->trace.token[token];
}

static const char *column_name(const void *arg, int i) {
  const TracePart *p = arg;
  return trace_file_expert(&p->trace, p->order[i]);
}

static double cell_value(const void *arg, int token, int i) {
  const TracePart *p = arg;
  return weight_of(p, token, p->order[i]);
}

static bool side_begins(const void *arg, int token) {
  const TracePart *p = arg;
  return token == p->trace.encoder;
}

static void put_map(FILE *out, const TracePart *p) {
  const TraceFile *t = &p->trace;
  const HeatMap map = {.label = "weight of experts by token",
                       .rows = t->tokens < ROWS_MOST ? t->tokens : ROWS_MOST,
                       .columns = t->experts < COLUMNS_MOST ? t->experts : COLUMNS_MOST,
                       .largest = p->largest > 0 ? p->largest : 1,
                       .row = token_name,
                       .column = column_name,
                       .value = cell_value,
                       .row_begins = side_begins,
                       .arg = p};
  fputs("<details><summary>token by expert</summary>\n", out);
  if (map.rows < t->tokens || map.columns < t->experts)
    fprintf(out, "<p class=\"note\">%d of %d tokens, %d of %d experts.</p>\n", map.rows, t->tokens,
            map.columns, t->experts);
  fputs("<div class=\"scroll\">\n", out);
  heat_map_put(out, &map);
  fputs("</div></details>\n", out);
}

static void put_trace(FILE *out, const void *run) {
  const TracePart *p = run;
  const TraceFile *t = &p->trace;
  fputs("<p class=\"about\">first item of task <b>", out);
  html_text(out, t->task);
  fputs("</b>, method <b>", out);
  html_text(out, t->method);
  fputs("</b>, pool <b>", out);
  html_path(out, t->pool);
  fputs(
      "</b></p>\n<p class=\"note\">A token has the colour of the expert with its largest weight "
      "(mean over modules), as strong as that weight; a token of the continuation is the one "
      "that its row predicts.</p>\n",
      out);
  put_legend(out, p);
  put_tokens(out, p, "prompt", 0, t->encoder);
  put_tokens(out, p, "continuation", t->encoder, t->tokens);
  put_map(out, p);
}

const ReportPart part_trace = {
    .kind = "trace", .key = "encoder", .read = read_trace, .put = put_trace, .free = free_trace};
