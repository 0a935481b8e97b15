/* option_rows: rows of tables of settings, for the files that define one. Included nowhere else:
 * its short names are for tables. A table's FIELD(path) says where the field of a path stands. */
#ifndef SKEIN_OPTION_ROWS_H
#define SKEIN_OPTION_ROWS_H

#include "data/options/options.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One row of a table: key, type, field, default, bounds, choices, required, help. */
#define PATH(key, path, must, help) \
  { key, OPTION_PATH, FIELD(path), NULL, 0, 0, NULL, must, help }
#define PATHS(key, path, must, help) \
  { key, OPTION_PATHS, FIELD(path), NULL, 0, 0, NULL, must, help }
#define OUTPUT(key, path, must, help) \
  { key, OPTION_OUTPUT, FIELD(path), NULL, 0, 0, NULL, must, help }
#define TEXT(key, path, initial, help) \
  { key, OPTION_STRING, FIELD(path), initial, 0, 0, NULL, false, help }
#define INT(key, path, initial, min, max, help) \
  { key, OPTION_INT, FIELD(path), initial, min, max, NULL, false, help }
#define REAL(key, path, initial, min, max, help) \
  { key, OPTION_REAL, FIELD(path), initial, min, max, NULL, false, help }
#define BOOL(key, path, initial, help) \
  { key, OPTION_BOOL, FIELD(path), initial, 0, 0, NULL, false, help }
#define CHOICE(key, path, initial, choices, help) \
  { key, OPTION_CHOICE, FIELD(path), initial, 0, 0, choices, false, help }
#define LIST(key, path, initial, help) \
  { key, OPTION_LIST, FIELD(path), initial, 0, 0, NULL, false, help }

#define SIZE_MOST  1048576
#define COUNT_MOST 1e9

/* clang-format off: a table */
/* How examples are read. */
#define EXAMPLE_OPTIONS                                                                  \
  TEXT("data.input_key", data.input_key, "input", "JSON key of the input text"),         \
      TEXT("data.target_key", data.target_key, "target", "JSON key of the target text"), \
      INT("data.max_input", data.max_input, "512", 1, SIZE_MOST,                         \
          "input tokens kept, EOS included"),                                            \
      INT("data.max_target", data.max_target, "512", 1, SIZE_MOST,                       \
          "target tokens kept, EOS included")

#define THREADS_OPTION \
  INT("threads", threads, "2", 1, 256, "threads; changes speed, not one bit of the result")
/* clang-format on */

#endif
