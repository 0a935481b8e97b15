#include "tools/plot/figure_parts.h"

#include <string.h>

#include "infer/t5/t5_group.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"

const char *statistic_words(Statistic what) {
  static const char *const words[] = {"weight (mean softmax before selection)",
                                      "share of (token, expert) pairs", "top1 (share of tokens)"};
  return words[what];
}

/* "'WORD '.NAME.", with what stands before it. */
static void put_named(FILE *out, const char *before, const char *name) {
  fprintf(out, "'%s '.", before);
  plot_quote_short(out, name, PLOT_TITLE);
  fputc('.', out);
}

static void put_heading(FILE *out, const char *heading) {
  fputs("heading = ", out);
  plot_quote(out, heading);
  fputs("\nsubtitle = ", out);
}

static void put_rest(FILE *out, const char *pool, const char *rest) {
  put_named(out, ", pool", pool);
  plot_quote(out, rest);
  fputc('\n', out);
}

void figure_title(FILE *out, const char *heading, const RoutingFile *f, const char *rest) {
  put_heading(out, heading);
  put_named(out, "task", f->task);
  put_named(out, ", method", f->method);
  put_rest(out, f->pool, rest);
}

void figure_tasks_title(FILE *out, const char *heading, const RoutingFile *f,
                        const RoutingFile *other, const char *rest) {
  put_heading(out, heading);
  put_named(out, other ? "methods" : "method", f->method);
  if (other) put_named(out, " and", other->method);
  put_rest(out, f->pool, rest);
}

void figure_expert_names(FILE *out, const RoutingFile *f) {
  fprintf(out, "experts = %d\n", f->experts);
  plot_labels(out, "expert", &(Labels){label_of_array, f->expert, f->experts, PLOT_LABEL});
}

void figure_scale(FILE *out, Statistic what, double largest) {
  fputs("statistic = ", out);
  plot_quote(out, statistic_name(what));
  fputs("\nlargest = ", out);
  plot_number(out, largest > 0 ? largest : 1);
  fputc('\n', out);
}

const char *figure_mark(const RoutingFile *f, int expert) {
  return expert == f->own ? "own" : expert == f->oracle ? "oracle" : "none";
}

bool routing_same_block(const RoutingModule *a, const RoutingModule *b) {
  return a->in_decoder == b->in_decoder && a->block == b->block;
}

const char *routing_group_words(int group, char text[32]) {
  snprintf(text, 32, "%s", T5_GROUP[group]);
  *strchr(text, '.') = ' ';
  return text;
}

const char *routing_stack(const RoutingModule *m) {
  return m->in_decoder ? "decoder" : "encoder";
}
