#include "tools/plot/figure_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/hash.h"

enum { DIGITS = 8, CUT = PATH_NAME_MOST - DIGITS - 1 };

/* Each byte that may not be there becomes a dash. */
static void make_valid(char *name) {
  for (char *p = name; *p; p++) {
    char one[] = {'x', *p, '\0'};
    if (!path_name_valid(one)) *p = '-';
  }
}

static Status add_digits(char *name, const char *a, const char *b, Error *err) {
  char hex[HASH_HEX];
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the name of a figure");
  hash_add_string(hash, a);
  hash_add_string(hash, b);
  hash_finish(hash, hex);
  sprintf(name + strlen(name), "-%.*s", DIGITS, hex);
  return STATUS_OK;
}

Status figure_name(char out[FIGURE_NAME], const char *kind, const char *a, const char *b,
                   bool shared, Error *err) {
  char *names;
  if (asprintf(&names, "%s%s%s", a, b ? "-" : "", b ? b : "") < 0)
    return error_set(err, STATUS_RUN, "out of memory: the name of a figure");
  bool plain = path_name_valid(names) && !shared;
  snprintf(out, FIGURE_NAME, "%s-%.*s", kind, plain ? PATH_NAME_MOST : CUT, names);
  free(names);
  if (plain) return STATUS_OK;
  make_valid(out);
  return add_digits(out, a, b ? b : "", err);
}
