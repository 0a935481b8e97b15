#include "tools/report/evaluation_record.h"

#include <string.h>

#include "tools/report/html.h"

/* Members that are lists of their own, or are shown elsewhere. */
static bool is_listed(const char *key) {
  static const char *const LISTS[] = {"tasks", "methods", "means", "cells"};
  for (int i = 0; i < 4; i++)
    if (strcmp(key, LISTS[i]) == 0) return true;
  return false;
}

static void put_head(FILE *out, const json_t *root) {
  const char *key;
  json_t *member;
  fputs("<table class=\"facts\"><tbody>\n", out);
  json_object_foreach((json_t *)root, key, member) {
    if (!is_listed(key)) html_row(out, key, member);
  }
  fputs("</tbody></table>\n", out);
}

/* A table of the members of every entry of a list. A member that none has is no column. */
typedef enum ColumnKind { COLUMN_SHORT, COLUMN_TEXT, COLUMN_HASH } ColumnKind;
typedef struct Column {
  const char *key, *title;
  ColumnKind kind;
} Column;

static bool has_column(const json_t *list, const char *key) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *value = json_object_get(json_array_get(list, i), key);
    if (value && !json_is_null(value)) return true;
  }
  return false;
}

static void put_cell(FILE *out, const json_t *entry, const Column *column) {
  const json_t *value = json_object_get(entry, column->key);
  static const char *const CLASS[] = {"", " class=\"text\"", " class=\"hash\""};
  fprintf(out, "<td%s>", json_is_number(value) ? " class=\"number\"" : CLASS[column->kind]);
  if (value && !json_is_null(value)) html_value(out, value);
  fputs("</td>", out);
}

static void put_list(FILE *out, const json_t *list, const char *caption, const Column *column,
                     int columns) {
  fprintf(out, "<div class=\"scroll\"><table class=\"record\"><caption>%s</caption><thead><tr>",
          caption);
  for (int c = 0; c < columns; c++)
    if (has_column(list, column[c].key)) html_element(out, "th", NULL, column[c].title);
  fputs("</tr></thead>\n<tbody>\n", out);
  for (size_t i = 0; i < json_array_size(list); i++) {
    fputs("<tr>", out);
    for (int c = 0; c < columns; c++)
      if (has_column(list, column[c].key)) put_cell(out, json_array_get(list, i), &column[c]);
    fputs("</tr>\n", out);
  }
  fputs("</tbody></table></div>\n", out);
}

void evaluation_record_put(FILE *out, const JsonDoc *table) {
  static const Column TASK[] = {
      {"name", "task", COLUMN_SHORT},         {"group", "group", COLUMN_SHORT},
      {"kind", "kind", COLUMN_SHORT},         {"metrics", "metrics", COLUMN_SHORT},
      {"items", "items", COLUMN_SHORT},       {"items_offered", "of", COLUMN_SHORT},
      {"sample_seed", "seed", COLUMN_SHORT},  {"left_out", "left out", COLUMN_SHORT},
      {"expert", "own expert", COLUMN_SHORT}, {"instruction", "instruction", COLUMN_TEXT},
      {"file", "file", COLUMN_SHORT},         {"sha256", "SHA-256", COLUMN_HASH}};
  static const Column METHOD[] = {{"name", "method", COLUMN_SHORT},
                                  {"rule", "rule", COLUMN_SHORT},
                                  {"only", "experts", COLUMN_TEXT},
                                  {"settings", "settings", COLUMN_TEXT}};
  fputs("<h3>Record</h3>\n<details><summary>program, base, pool, tasks, methods</summary>\n", out);
  put_head(out, table->root);
  put_list(out, json_object_get(table->root, "tasks"), "tasks", TASK,
           (int)(sizeof TASK / sizeof *TASK));
  put_list(out, json_object_get(table->root, "methods"), "methods", METHOD,
           (int)(sizeof METHOD / sizeof *METHOD));
  fputs("</details>\n", out);
}
