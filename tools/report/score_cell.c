#include "tools/report/score_cell.h"

#include <math.h>

bool score_has_interval(const Score *s) {
  return s->scored && s->low < s->high;
}

void score_cell_put(FILE *out, const Score *s, bool best) {
  if (!s->scored) {
    fputs(s->there ? "<td class=\"none\">failed or open</td>" : "<td></td>", out);
    return;
  }
  fprintf(out, "<td style=\"--s:%.2f\"%s>%.1f", fmin(1, fmax(0, s->score / 100)),
          best ? " class=\"best\"" : "", s->score);
  if (score_has_interval(s)) fprintf(out, "<small>%.1f–%.1f</small>", s->low, s->high);
  fputs("</td>", out);
}

void score_text_put(FILE *out, const Score *s) {
  fprintf(out, "%.1f", s->score);
  if (score_has_interval(s)) fprintf(out, " (%.1f to %.1f)", s->low, s->high);
}
