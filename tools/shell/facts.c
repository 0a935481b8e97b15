#include "tools/shell/facts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "autograd/ground/visible.h"
#include "tools/shell/console.h"

Facts facts_new(void) {
  Facts f = {.root = json_object()};
  f.failed = !f.root;
  return f;
}

void facts_free(Facts *f) {
  json_decref(f->root);
  *f = (Facts){0};
}

/* Not as json_put.h: the objects are borrowed, so what fails is noted and nothing is dropped. */

void facts_set(Facts *f, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value) != 0) f->failed = true;
}

void facts_append(Facts *f, json_t *array, json_t *value) {
  if (json_array_append_new(array, value) != 0) f->failed = true;
}

json_t *facts_object(Facts *f, json_t *object, const char *key) {
  facts_set(f, object, key, json_object());
  return json_object_get(object, key);
}

json_t *facts_array(Facts *f, json_t *object, const char *key) {
  facts_set(f, object, key, json_array());
  return json_object_get(object, key);
}

json_t *facts_row(Facts *f, json_t *array) {
  facts_append(f, array, json_object());
  return json_array_get(array, json_array_size(array) - 1);
}

json_t *facts_text(const char *text) {
  json_t *value = json_string(text);
  if (value) return value;
  char *escaped = malloc(4 * strlen(text) + 1), *out = escaped;
  if (!escaped) return NULL;
  for (const unsigned char *p = (const unsigned char *)text; *p; p++)
    out += sprintf(out, *p < 0x80 ? "%c" : "\\x%02x", *p);
  *out = '\0';
  value = json_string(escaped);
  free(escaped);
  return value;
}

json_t *facts_number(double x) {
  return isfinite(x) ? json_real(x) : json_null();
}

/* ---- for people ---- */

static bool is_bytes(const char *key) {
  size_t n = strlen(key);
  return n > 6 && strcmp(key + n - 6, "_bytes") == 0;
}

/* False where memory is out. */
static bool put_key(FILE *out, const char *key) {
  char *words = strndup(key, strlen(key) - (is_bytes(key) ? strlen("_bytes") : 0));
  if (!words) return false;
  for (char *p = words; *p; p++) *p = *p == '_' ? ' ' : *p;
  visible_put(out, words);
  free(words);
  return true;
}

static int key_columns(const char *key) {
  return (int)visible_columns(key) - (is_bytes(key) ? (int)strlen("_bytes") : 0);
}

static void put_value(FILE *out, const char *key, const json_t *value) {
  char text[32];
  if (is_bytes(key) && json_is_number(value)) {
    fputs(console_bytes(text, sizeof text, json_number_value(value)), out);
  } else if (json_is_string(value)) {
    visible_put(out, json_string_value(value));
  } else if (json_is_integer(value)) {
    fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  } else if (json_is_real(value)) {
    fprintf(out, "%.6g", json_real_value(value));
  } else if (json_is_boolean(value)) {
    fputs(json_is_true(value) ? "yes" : "no", out);
  } else if (json_is_array(value)) {
    bool numbers = json_is_number(json_array_get(value, 0));
    for (size_t i = 0; i < json_array_size(value); i++) {
      if (i) fputs(numbers ? " x " : ", ", out);
      put_value(out, "", json_array_get(value, i));
    }
  } else {
    fputc('-', out);
  }
}

/* What put_value or put_key (value == NULL) prints, in a string the caller frees; NULL: no memory.
 */
static char *cell_text(const char *key, const json_t *value) {
  TextStream s;
  bool ok = true;
  if (!text_stream_open(&s)) return NULL;
  if (value) {
    put_value(s.out, key, value);
  } else {
    ok = put_key(s.out, key);
  }
  char *text = text_stream_close(&s);
  if (ok) return text;
  free(text);
  return NULL;
}

static void put_cell(const char *text, size_t width, bool right, bool last) {
  visible_pad(stdout, text, last && !right ? 0 : width, right);
  if (!last) fputs("  ", stdout);
}

/* Numbers, and lists of them, stand to the right of their column. */
static bool is_numeric(const json_t *value) {
  return !json_is_string(value) && !json_is_string(json_array_get(value, 0));
}

/* Cells of the header and all rows, row by row; the keys are those of the first row. */
static bool fill_cells(char **cell, const json_t *rows, size_t columns) {
  const char *key;
  json_t *ignored;
  size_t at = 0;
  json_object_foreach(json_array_get(rows, 0), key, ignored) {
    if (!(cell[at++] = cell_text(key, NULL))) return false;
  }
  for (size_t r = 0; r < json_array_size(rows); r++) {
    const json_t *row = json_array_get(rows, r);
    json_object_foreach(json_array_get(rows, 0), key, ignored) {
      const json_t *value = json_object_get(row, key);
      if (!(cell[at++] = cell_text(key, value ? value : json_null()))) return false;
    }
  }
  return at == columns * (json_array_size(rows) + 1);
}

static void print_cells(char *const *cell, const json_t *rows, size_t columns, size_t *width) {
  size_t lines = json_array_size(rows) + 1;
  for (size_t i = 0; i < lines * columns; i++) {
    size_t w = visible_columns(cell[i]);
    if (w > width[i % columns]) width[i % columns] = w;
  }
  for (size_t line = 0; line < lines; line++) {
    fputs("  ", stdout);
    const char *key;
    json_t *first;
    size_t column = 0;
    json_object_foreach(json_array_get(rows, 0), key, first) {
      put_cell(cell[line * columns + column], width[column], is_numeric(first),
               column + 1 == columns);
      column++;
    }
    putchar('\n');
  }
}

static bool print_table(const json_t *rows) {
  size_t columns = json_object_size(json_array_get(rows, 0));
  size_t cells = columns * (json_array_size(rows) + 1);
  char **cell = calloc(cells + 1, sizeof *cell);
  size_t *width = calloc(columns + 1, sizeof *width);
  bool ok = cell && width && fill_cells(cell, rows, columns);
  if (ok) print_cells(cell, rows, columns, width);
  for (size_t i = 0; cell && i < cells; i++) free(cell[i]);
  free(cell);
  free(width);
  return ok;
}

static bool is_table(const json_t *value) {
  return json_is_object(json_array_get(value, 0));
}

/* An empty one is a line that shows it as absent. */
static bool is_section(const json_t *value) {
  return json_object_size(value) > 0 || is_table(value);
}

static bool print_object(json_t *object, const char *indent);

static bool print_section(const char *key, json_t *value) {
  if (!put_key(stdout, key)) return false;
  putchar('\n');
  return is_table(value) ? print_table(value) : print_object(value, "  ");
}

/* Lines first, sections below them. */
static bool print_object(json_t *object, const char *indent) {
  int width = 0;
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    int w = key_columns(key);
    if (!is_section(value) && w > width) width = w;
  }
  json_object_foreach(object, key, value) {
    if (is_section(value)) continue;
    fputs(indent, stdout);
    if (!put_key(stdout, key)) return false;
    printf("%*s  ", width - key_columns(key), "");
    put_value(stdout, key, value);
    putchar('\n');
  }
  bool first = width == 0;
  json_object_foreach(object, key, value) {
    if (!is_section(value)) continue;
    if (!first) putchar('\n');
    if (!print_section(key, value)) return false;
    first = false;
  }
  return true;
}

Status facts_print(const Facts *f, bool as_json, Error *err) {
  bool ok = !f->failed;
  if (ok && as_json) {
    /* A failed write is seen when the program flushes its output. */
    ok =
        json_dumpf(f->root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 || ferror(stdout);
    putchar('\n');
  } else if (ok) {
    ok = print_object(f->root, "");
  }
  return ok ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory while making the report");
}
