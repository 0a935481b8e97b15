#include "tools/plot/plot_text.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/visible.h"

#define IN_SCRIPT \
  ['"'] = "\\042", ['\''] = "\\047", ['@'] = "\\100", ['\\'] = "\\134", ['`'] = "\\140"
static const char *const SCRIPT[VISIBLE_ASCII] = {IN_SCRIPT};
static const char *const TIC[VISIBLE_ASCII] = {IN_SCRIPT, ['%'] = "%%"};
static const char *const FIELD[VISIBLE_ASCII] = {['"'] = "\"\""};

/* What is behind the first `count` characters, or the end. */
static const char *skip_characters(const char *text, int count) {
  bool hidden;
  for (int i = 0; *text && i < count; i++) text += visible_next(text, &hidden);
  return text;
}

int plot_characters(const char *text, int most) {
  int count = 0;
  for (; *text && count < most; count++) text = skip_characters(text, 1);
  return count;
}

/* Names that are long begin alike more often than they end alike: the middle is left out. */
static void put_short(FILE *out, const char *text, int most, const char *const *special) {
  int length = plot_characters(text, INT_MAX);
  int head = length > most ? most / 2 : length, tail = length > most ? most - 1 - head : 0;
  char *begin = strndup(text, (size_t)(skip_characters(text, head) - text));
  bool cut = begin && length > most; /* without memory it is long */
  fputc('"', out);
  visible_spell(out, cut ? begin : text, special);
  if (cut) fputs("…", out);
  if (cut) visible_spell(out, skip_characters(text, length - tail), special);
  fputc('"', out);
  free(begin);
}

void plot_quote(FILE *out, const char *text) {
  fputc('"', out);
  visible_spell(out, text, SCRIPT);
  fputc('"', out);
}

void plot_quote_short(FILE *out, const char *text, int most) {
  put_short(out, text, most, SCRIPT);
}

void plot_quote_tic(FILE *out, const char *text, int most) {
  put_short(out, text, most, TIC);
}

void plot_field(FILE *out, const char *text) {
  if (*text != '#' && !strchr(text, '"')) {
    visible_spell(out, text, NULL);
    return;
  }
  fputc('"', out);
  visible_spell(out, text, FIELD);
  fputc('"', out);
}

void plot_number(FILE *out, double x) {
  if (isfinite(x)) {
    fprintf(out, "%.9g", x);
  } else {
    fputs("NaN", out);
  }
}
