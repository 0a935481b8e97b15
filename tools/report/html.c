#include "tools/report/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/visible.h"
#include "data/file/path.h"
#include "tools/plot/plot_text.h"

#define IN_PAGE ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
static const char *const SPELT[VISIBLE_ASCII] = {IN_PAGE};
static const char *const KEY[VISIBLE_ASCII] = {IN_PAGE, ['_'] = " "};

enum {
  DEPTH_MOST = 16,    /* of a value; what is deeper is an ellipsis */
  CHARACTER_MOST = 4, /* bytes of a character in UTF-8 */
};

void html_text(FILE *out, const char *text) {
  visible_spell(out, text, SPELT);
}

void html_lines(FILE *out, const char *text) {
  bool hidden;
  for (size_t n; *text; text += n) {
    char one[CHARACTER_MOST + 1] = {0};
    n = visible_next(text, &hidden);
    memcpy(one, text, n);
    if (*one == '\n') {
      fputc('\n', out);
    } else {
      html_text(out, one);
    }
  }
}

void html_cut(FILE *out, const char *text, int most, int head) {
  plot_spell_cut(out, text, most, head, SPELT);
}

void html_short(FILE *out, const char *text, int most) {
  html_cut(out, text, most, PLOT_MIDDLE(most));
}

void html_element(FILE *out, const char *tag, const char *kind, const char *text) {
  fprintf(out, "<%s", tag);
  if (kind) fprintf(out, " class=\"%s\"", kind);
  fputc('>', out);
  html_text(out, text);
  fprintf(out, "</%s>", tag);
}

void html_number(FILE *out, double x) {
  if (isnan(x)) {
    fputs("–", out);
  } else if (fabs(x) >= 1e6 || (x != 0 && fabs(x) < 1e-3)) {
    fprintf(out, "%.3g", x);
  } else {
    char text[32];
    size_t end = (size_t)snprintf(text, sizeof text, "%.3f", x);
    while (text[end - 1] == '0') text[--end] = '\0';
    if (text[end - 1] == '.') text[--end] = '\0';
    fputs(text, out);
  }
}

void html_path(FILE *out, const char *path) {
  bool absolute = path[0] == '/';
  if (absolute) fputs("…/", out);
  html_text(out, absolute ? path_last(path) : path);
}

/* ---- values ---- */

static void put_value(FILE *out, const json_t *value, int depth);

static bool is_empty(const json_t *value) {
  return (json_is_object(value) && json_object_size(value) == 0) ||
         (json_is_array(value) && json_array_size(value) == 0);
}

static void put_object(FILE *out, const json_t *object, int depth) {
  const char *key, *between = "";
  json_t *member;
  json_object_foreach((json_t *)object, key, member) {
    fputs(between, out);
    html_text(out, key);
    fputs(": ", out);
    put_value(out, member, depth);
    between = ", ";
  }
}

static void put_list(FILE *out, const json_t *list, int depth) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (i) fputs(", ", out);
    put_value(out, json_array_get(list, i), depth);
  }
}

static void put_value(FILE *out, const json_t *value, int depth) {
  bool nested = depth > 0 && (json_is_object(value) || json_is_array(value));
  if (depth > DEPTH_MOST) {
    fputs("…", out);
  } else if (is_empty(value)) {
    fputs("none", out);
  } else if (json_is_object(value)) {
    fputs(nested ? "{" : "", out);
    put_object(out, value, depth + 1);
    fputs(nested ? "}" : "", out);
  } else if (json_is_array(value)) {
    fputs(nested ? "[" : "", out);
    put_list(out, value, depth + 1);
    fputs(nested ? "]" : "", out);
  } else if (json_is_string(value)) {
    html_path(out, json_string_value(value));
  } else if (json_is_integer(value)) {
    fprintf(out, "%" PRId64, (int64_t)json_integer_value(value));
  } else if (json_is_real(value)) {
    fprintf(out, "%.6g", json_real_value(value));
  } else {
    fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "none", out);
  }
}

void html_value(FILE *out, const json_t *value) {
  put_value(out, value, 0);
}

void html_row(FILE *out, const char *key, const json_t *value) {
  fputs("<tr><th scope=\"row\">", out);
  visible_spell(out, key, KEY);
  fputs("</th><td>", out);
  html_value(out, value);
  fputs("</td></tr>\n", out);
}

void html_members(FILE *out, const json_t *object) {
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member) html_row(out, key, member);
}
