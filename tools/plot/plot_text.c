#include "tools/plot/plot_text.h"

#include <math.h>
#include <stdlib.h>

void plot_quote(FILE *out, const char *text) {
  fputc('\'', out);
  for (const char *p = text; *p; p++) {
    if (*p == '\'') {
      fputs("'.\"'\".'", out); /* gnuplot misreads '' where a text begins with it */
    } else {
      fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
    }
  }
  fputc('\'', out);
}

void plot_quote_short(FILE *out, const char *text, int most) {
  const char *end = text; /* of the first most - 1 characters: code points, as text is UTF-8 */
  int characters = 0;
  for (const char *p = text; *p; p++) {
    if (((unsigned char)*p & 0xC0) == 0x80) continue;
    if (characters++ == most - 1) end = p;
  }
  char *cut;
  if (characters <= most) {
    plot_quote(out, text);
  } else if (asprintf(&cut, "%.*s…", (int)(end - text), text) >= 0) {
    plot_quote(out, cut);
    free(cut);
  }
}

void plot_field(FILE *out, const char *text) {
  for (const char *p = text; *p; p++) fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
}

void plot_number(FILE *out, double x) {
  if (isfinite(x)) {
    fprintf(out, "%.9g", x);
  } else {
    fputs("NaN", out);
  }
}
