/* The rules of mteval's tokenization 13a, each a pass from left to right over the whole text. */
#include <stdlib.h>
#include <string.h>

#include "infer/metric/metric_text.h"

/* Text that grows; `data` NULL after running out of memory. */
typedef struct Buffer {
  char *data;
  size_t size, room;
} Buffer;

static void put_char(Buffer *b, char ch) {
  if (b->data && b->size + 1 >= b->room) {
    char *more = realloc(b->data, b->room * 2);
    if (!more) free(b->data);
    b->data = more;
    b->room *= 2;
  }
  if (!b->data) return;
  b->data[b->size++] = ch;
  b->data[b->size] = '\0';
}

static Buffer buffer_new(size_t room) {
  Buffer b = {malloc(room + 2), 0, room + 2};
  if (b.data) b.data[0] = '\0';
  return b;
}

static void replace_all(char *text, const char *what, const char *with) {
  char *to = text;
  size_t size = strlen(what);
  for (const char *at = text; *at;) {
    if (strncmp(at, what, size) != 0) {
      *to++ = *at++;
      continue;
    }
    for (const char *w = with; *w; w++) *to++ = *w;
    at += size;
  }
  *to = '\0';
}

static int is_digit(char ch) {
  return ch >= '0' && ch <= '9';
}

static int is_stop(char ch) {
  return ch == '.' || ch == ',';
}

/* The class [\{-\~\[-\` -\&\(-\+\:-\@\/]. */
static int is_symbol(char ch) {
  return (ch >= '{' && ch <= '~') || (ch >= '[' && ch <= '`') || (ch >= ' ' && ch <= '&') ||
         (ch >= '(' && ch <= '+') || (ch >= ':' && ch <= '@') || ch == '/';
}

static void part_symbols(Buffer *out, const char *at) {
  for (; *at; at++) {
    if (is_symbol(*at)) put_char(out, ' ');
    put_char(out, *at);
    if (is_symbol(*at)) put_char(out, ' ');
  }
}

/* "x." -> "x . " for an x that is no digit */
static void part_stops_after_text(Buffer *out, const char *at) {
  for (; *at; at++) {
    put_char(out, *at);
    if (is_digit(*at) || !is_stop(at[1])) continue;
    put_char(out, ' ');
    put_char(out, *++at);
    put_char(out, ' ');
  }
}

/* ".x" -> " . x" for an x that is no digit */
static void part_stops_before_text(Buffer *out, const char *at) {
  for (; *at; at++) {
    if (!is_stop(*at) || !at[1] || is_digit(at[1])) {
      put_char(out, *at);
      continue;
    }
    put_char(out, ' ');
    put_char(out, *at++);
    put_char(out, ' ');
    put_char(out, *at);
  }
}

/* "1-" -> "1 - " */
static void part_dashes(Buffer *out, const char *at) {
  for (; *at; at++) {
    put_char(out, *at);
    if (!is_digit(*at) || at[1] != '-') continue;
    put_char(out, ' ');
    put_char(out, *++at);
    put_char(out, ' ');
  }
}

static void unescape_entities(char *text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
}

char *text_13a(const char *text) {
  static void (*const rule[])(Buffer * out, const char *at) = {part_symbols, part_stops_after_text,
                                                               part_stops_before_text, part_dashes};
  size_t size = strlen(text);
  char *line = malloc(size + 3);
  if (!line) return NULL;
  memcpy(line, text, size + 1);
  unescape_entities(line);
  size = strlen(line);
  memmove(line + 1, line, size);
  line[0] = line[size + 1] = ' ';
  line[size + 2] = '\0';
  for (size_t i = 0; line && i < sizeof rule / sizeof *rule; i++) {
    Buffer out = buffer_new(strlen(line));
    if (out.data) rule[i](&out, line);
    free(line);
    line = out.data;
  }
  return line;
}
