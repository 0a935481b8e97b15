/* csv: rows of values set apart by commas (RFC 4180), which spreadsheets may open.
 *
 * A spreadsheet runs a field that begins with = + - @ or a tab as a formula, which can fetch and
 * send, and quotes do not keep it from that. Such a field, unless it is a plain number, gets an
 * apostrophe before it, by which spreadsheets mark text; so does a field that begins with an
 * apostrophe, so that csv_read, which takes one away, gives back what was written. Other programs
 * see the apostrophe, before names that nobody has by chance. */
#ifndef SKEIN_CSV_H
#define SKEIN_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "autograd/ground/status.h"

/* A field: as it is, or in quotes where it holds what sets fields apart anywhere (a comma, a
 * semicolon, a tab, a quote, the end of a line) or begins with what a text may (a byte order mark). */
void csv_put(FILE *out, const char *text);

/* A text that is read row by row and cut into fields in place. */
typedef struct CsvReader {
  const char *path; /* for messages */
  char *at;
  int64_t line; /* of the row that was read last, from 1; rows can span lines */
  int64_t next; /* the line behind it */
} CsvReader;

/* `text` is `size` bytes and a NUL; a byte order mark is passed over, NUL bytes are STATUS_INPUT. */
Status csv_open(CsvReader *r, const char *path, char *text, size_t size, Error *err);
/* The next row that is not empty: *fields of them, 0 at the end; those beyond `most` are counted
 * and not kept. Lines end in LF or CRLF. STATUS_INPUT where quotes do not pair. */
Status csv_read(CsvReader *r, char **field, int most, int *fields, Error *err);

#endif
