#include "tools/plot/plot_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/visible.h"

static const char *script_character(char first) {
  switch (first) {
    case '"':
      return "\\042";
    case '\'':
      return "\\047";
    case '@':
      return "\\100";
    case '\\':
      return "\\134";
    case '`':
      return "\\140";
    default:
      return NULL;
  }
}

static const char *tic_character(char first) {
  return first == '%' ? "%%" : script_character(first);
}

static const char *quoted_character(char first) {
  return first == '"' ? "\"\"" : NULL;
}

/* Bytes of the first `most` characters. */
static size_t characters_size(const char *text, int most) {
  const char *p = text;
  bool hidden;
  for (int i = 0; *p && i < most; i++) p += visible_next(p, &hidden);
  return (size_t)(p - text);
}

static void put_short(FILE *out, const char *text, int most, const char *(*special)(char)) {
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
  visible_spell(out, text, script_character);
  fputc('"', out);
}

void plot_quote_short(FILE *out, const char *text, int most) {
  put_short(out, text, most, script_character);
}

void plot_quote_tic(FILE *out, const char *text, int most) {
  put_short(out, text, most, tic_character);
}

void plot_field(FILE *out, const char *text) {
  if (*text != '#' && !strchr(text, '"')) {
    visible_spell(out, text, NULL);
    return;
  }
  fputc('"', out);
  visible_spell(out, text, quoted_character);
  fputc('"', out);
}

void plot_number(FILE *out, double x) {
  if (isfinite(x)) {
    fprintf(out, "%.9g", x);
  } else {
    fputs("NaN", out);
  }
}
