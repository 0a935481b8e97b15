#include "tools/plot/figure_parts.h"

#include <string.h>

#include "infer/t5/t5_group.h"
#include "tools/plot/plot.h"

const char *statistic_words(Statistic what) {
  static const char *const words[] = {"weight (mean softmax before selection)",
                                      "share of (token, expert) pairs", "top1 (share of tokens)"};
  return words[what];
}

void figure_title(FILE *out, const char *heading, const char *task, const char *method,
                  const char *pool, const char *rest) {
  fputs("heading = ", out);
  plot_quote(out, heading);
  fputs("\nsubtitle = ", out);
  if (task) fputs("'task '.", out), plot_quote_short(out, task, 60), fputs(".', '.", out);
  fputs(task ? "'method '." : "", out);
  plot_quote_short(out, method, 132);
  fputs(".', pool '.", out);
  plot_quote_short(out, pool, 60);
  fputc('.', out);
  plot_quote(out, rest);
  fputc('\n', out);
}

void figure_expert_names(FILE *out, const RoutingFile *f) {
  fprintf(out, "experts = %d\n", f->experts);
  plot_labels(out, "expert", f->expert, f->experts);
}

void figure_statistic(FILE *out, Statistic what) {
  fputs("statistic = ", out);
  plot_quote(out, statistic_name(what));
  fputc('\n', out);
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
