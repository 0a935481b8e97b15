#include "tools/plot/plot_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/visible.h"

#define IN_SCRIPT \
  ['"'] = "\\042", ['\''] = "\\047", ['@'] = "\\100", ['\\'] = "\\134", ['`'] = "\\140"
static const char *const SCRIPT[VISIBLE_ASCII] = {IN_SCRIPT};
static const char *const TIC[VISIBLE_ASCII] = {IN_SCRIPT, ['%'] = "%%"};
static const char *const FIELD[VISIBLE_ASCII] = {['"'] = "\"\""};

/* Bytes of the first `most` characters. */
static size_t characters_size(const char *text, int most) {
  const char *p = text;
  bool hidden;
  for (int i = 0; *p && i < most; i++) p += visible_next(p, &hidden);
  return (size_t)(p - text);
}

static void put_short(FILE *out, const char *text, int most, const char *const *special) {
  size_t kept = characters_size(text, most);
  char *cut = NULL;
  if (text[kept]) cut = strndup(text, characters_size(text, most - 1));
  fputc('"', out);
  visible_spell(out, cut ? cut : text, special);
  fputs(cut ? "…\"" : "\"", out);
  free(cut);
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
