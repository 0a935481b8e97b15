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

/* A text that is longer than `most` characters: `head` of them, an ellipsis, and the last. */
typedef struct Cut {
  size_t head; /* bytes */
  const char *tail;
  bool made; /* it is longer */
} Cut;

static Cut cut_text(const char *text, int most, int head) {
  int length = plot_characters(text, INT_MAX), tail = most - 1 - head;
  if (length <= most) return (Cut){.head = strlen(text), .tail = ""};
  return (Cut){(size_t)(skip_characters(text, head) - text), skip_characters(text, length - tail),
               true};
}

void plot_spell_cut(FILE *out, const char *text, int most, int head,
                    const char *const special[VISIBLE_ASCII]) {
  Cut cut = cut_text(text, most, head);
  char *begin = cut.made ? strndup(text, cut.head) : NULL;
  visible_spell(out, begin ? begin : text, special); /* without memory it is long */
  if (begin) fputs("…", out);
  if (begin) visible_spell(out, cut.tail, special);
  free(begin);
}

static void put_cut(FILE *out, const char *text, int most, int head, const char *const *special) {
  fputc('"', out);
  plot_spell_cut(out, text, most, head, special);
  fputc('"', out);
}

bool plot_cut_alike(const char *a, const char *b, int most, int head) {
  Cut x = cut_text(a, most, head), y = cut_text(b, most, head);
  return x.made && y.made && x.head == y.head && strncmp(a, b, x.head) == 0 &&
         strcmp(x.tail, y.tail) == 0 && strcmp(a, b) != 0;
}

void plot_quote(FILE *out, const char *text) {
  fputc('"', out);
  visible_spell(out, text, SCRIPT);
  fputc('"', out);
}

void plot_quote_short(FILE *out, const char *text, int most) {
  put_cut(out, text, most, PLOT_MIDDLE(most), SCRIPT);
}

void plot_quote_tic(FILE *out, const char *text, int most, int head) {
  put_cut(out, text, most, head, TIC);
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
