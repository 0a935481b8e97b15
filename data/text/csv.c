#include "data/text/csv.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/utf8.h"

/* ---- writing ---- */

/* "-1.5e3": no formula can hide in these characters and still read as a number. */
static bool is_number(const char *text) {
  char *end;
  strtod(text, &end);
  return end != text && !*end && !text[strspn(text, "+-.0123456789eE")];
}

static bool is_marked(const char *text) {
  return *text && (*text == '\'' || (strchr("=+-@\t\r", *text) && !is_number(text)));
}

void csv_put(FILE *out, const char *text) {
  bool quoted = strpbrk(text, ",;\t\"\r\n") || utf8_mark(text, strlen(text)) > 0;
  if (quoted) fputc('"', out);
  if (is_marked(text)) fputc('\'', out);
  for (; *text; text++) {
    if (*text == '"') fputc('"', out);
    fputc(*text, out);
  }
  if (quoted) fputc('"', out);
}

/* ---- reading ---- */

Status csv_open(CsvReader *r, const char *path, char *text, size_t size, Error *err) {
  size_t whole = strlen(text);
  *r = (CsvReader){.path = path, .at = text + utf8_mark(text, size), .line = 1, .next = 1};
  if (whole == size) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: byte %zu: a NUL byte; is it a text file?", path, whole);
}

static Status bad_quotes(const CsvReader *r, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": the quotes of a field do not pair",
                   r->path, r->line);
}

/* The text between quotes, of which the first is at *in, to *out. */
static Status copy_quoted(CsvReader *r, char **in, char **out, Error *err) {
  for (char *p = *in + 1; *p; p++) {
    if (*p == '"' && p[1] != '"') {
      *in = p + 1;
      return STATUS_OK;
    }
    if (*p == '"') p++;
    if (*p == '\n') r->next++;
    *(*out)++ = *p;
  }
  return bad_quotes(r, err);
}

/* One field; r->at is left at what ended it, which *end becomes. */
static Status read_field(CsvReader *r, char **field, char *end, Error *err) {
  char *in = r->at, *out = r->at, *begin = r->at;
  if (*in == '"') {
    TRY(copy_quoted(r, &in, &out, err));
  } else {
    out = in += strcspn(in, ",\r\n");
    while (*in == '\r' && in[1] != '\n') out = in += 1 + strcspn(in + 1, ",\r\n");
  }
  if (*in == '\r' && in[1] == '\n') in++;
  if (*in && *in != ',' && *in != '\n') return bad_quotes(r, err);
  *end = *in;
  r->at = in + (*in != '\0');
  *out = '\0';
  *field = *begin == '\'' ? begin + 1 : begin;
  return STATUS_OK;
}

static Status read_row(CsvReader *r, char **field, int most, int *fields, Error *err) {
  char end = ',';
  r->line = r->next;
  for (*fields = 0; end == ','; ++*fields) {
    char *text = NULL;
    TRY(read_field(r, &text, &end, err));
    if (*fields < most) field[*fields] = text;
    if (*fields == 0 && end != ',' && !*text) return STATUS_OK; /* an empty line */
  }
  return STATUS_OK;
}

Status csv_read(CsvReader *r, char **field, int most, int *fields, Error *err) {
  *fields = 0;
  while (*fields == 0 && *r->at) {
    TRY(read_row(r, field, most, fields, err));
    r->next++;
  }
  return STATUS_OK;
}
