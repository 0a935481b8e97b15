#include "tools/shell/arguments.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/shell/command.h"

/* Long option i has the value ROW_VALUE + i, beyond every letter. */
enum { ROWS_MOST = 64, ROW_VALUE = 256 };

bool arguments_takes(unsigned form, const Argument *row) {
  return form == 0 || row->forms == 0 || (row->forms & form);
}

/* The table as getopt_long wants it. */
typedef struct GetoptTable {
  struct option longs[ROWS_MOST + 1];
  char shorts[2 * ROWS_MOST + 1];
} GetoptTable;

/* Those of other forms are there, too, to be told from unknown ones. */
static void getopt_table(GetoptTable *out, const ArgumentTable *table) {
  struct option *at = out->longs;
  char *letter = out->shorts;
  for (int i = 0; i < table->count; i++) {
    const Argument *row = &table->row[i];
    int value = row->type == ARGUMENT_SWITCH ? no_argument : required_argument;
    *at++ = (struct option){row->name, value, NULL, ROW_VALUE + i};
    if (row->letter) *letter++ = row->letter;
    if (row->letter && value == required_argument) *letter++ = ':';
  }
  *at = (struct option){0};
  *letter = '\0';
}

static int find_row(const ArgumentTable *table, int option) {
  if (option >= ROW_VALUE) return option - ROW_VALUE;
  int i = 0;
  while (table->row[i].letter != option) i++;
  return i;
}

static Status parse_count(const Argument *row, const char *text, int64_t *value, Error *err) {
  char *end;
  long long parsed = strtoll(text, &end, 10);
  if (end == text || *end || parsed < 1 || parsed > row->most) {
    return error_set(err, STATUS_USAGE, "--%s: '%s' is not a count from 1 to %" PRId64, row->name,
                     text, row->most);
  }
  *value = parsed;
  return STATUS_OK;
}

static Status parse_number(const Argument *row, const char *text, double *value, Error *err) {
  char *end;
  *value = strtod(text, &end);
  if (end != text && !*end && isfinite(*value)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "--%s: '%s' is not a number", row->name, text);
}

/* No option is given more often than argv has words. */
static Status add_text(TextList *list, const char *text, int argc, Error *err) {
  if (!list->text) list->text = calloc((size_t)argc, sizeof *list->text);
  if (!list->text) return error_set(err, STATUS_RUN, "out of memory: the arguments");
  list->text[list->count++] = text;
  return STATUS_OK;
}

/* A variable of a shell that is not set, most likely; as a path it would be the root directory. */
static Status parse_text(const Argument *row, const char *text, const char **value, Error *err) {
  if (!*text) return error_set(err, STATUS_USAGE, "--%s: is empty", row->name);
  *value = text;
  return STATUS_OK;
}

static Status read_row(const Argument *row, void *fields, const char *text, int argc, Error *err) {
  void *field = (char *)fields + row->offset;
  switch (row->type) {
    case ARGUMENT_SWITCH:
      *(bool *)field = true;
      return STATUS_OK;
    case ARGUMENT_TEXT:
      return parse_text(row, text, field, err);
    case ARGUMENT_PROSE:
      *(const char **)field = text;
      return STATUS_OK;
    case ARGUMENT_TEXTS:
      return add_text(field, text, argc, err);
    case ARGUMENT_COUNT:
      return parse_count(row, text, field, err);
    case ARGUMENT_NUMBER:
      return parse_number(row, text, field, err);
    case ARGUMENT_OTHER:
      return row->parse(field, text, err);
  }
  return STATUS_OK;
}

Status arguments_read(const ArgumentTable *table, unsigned form, void *fields, uint64_t *given,
                      int argc, char **argv, Error *err) {
  GetoptTable known;
  uint64_t rows = 0;
  getopt_table(&known, table);
  for (int option; (option = command_option(argc, argv, known.shorts, known.longs, err)) != -1;) {
    if (option == '?') return err->status;
    int i = find_row(table, option);
    if (!arguments_takes(form, &table->row[i])) {
      return error_set(err, STATUS_USAGE, "%s: takes no --%s; see skein %s --help", argv[0],
                       table->row[i].name, argv[0]);
    }
    rows |= UINT64_C(1) << i;
    TRY(read_row(&table->row[i], fields, optarg, argc, err));
  }
  if (given) *given = rows;
  return STATUS_OK;
}

const Argument *arguments_stranger(const ArgumentTable *table, unsigned form, uint64_t given) {
  for (int i = 0; i < table->count; i++) {
    if ((given >> i & 1) && !arguments_takes(form, &table->row[i])) return &table->row[i];
  }
  return NULL;
}

static void print_default(const Argument *row, const void *defaults, FILE *out) {
  if (!defaults) return;
  const void *field = (const char *)defaults + row->offset;
  if (row->type == ARGUMENT_COUNT) fprintf(out, " [%" PRId64 "]", *(const int64_t *)field);
  if (row->type == ARGUMENT_NUMBER) fprintf(out, " [%g]", *(const double *)field);
}

void arguments_print_help(const ArgumentTable *table, unsigned form, const void *defaults,
                          FILE *out) {
  for (int i = 0; i < table->count; i++) {
    const Argument *row = &table->row[i];
    if (!row->help || !arguments_takes(form, row)) continue;
    char letter[] = {row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                     row->letter ? ',' : ' ', '\0'};
    char name[80];
    int size = snprintf(name, sizeof name, "--%s%s%s", row->name, row->value ? " " : "",
                        row->value ? row->value : "");
    assert(size > 0 && size < (int)sizeof name);
    (void)size;
    fprintf(out, "  %s  %-24s %s", letter, name, row->help);
    print_default(row, defaults, out);
    fputc('\n', out);
  }
}
