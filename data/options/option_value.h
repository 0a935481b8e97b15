/* option_value: one setting between its text and its field; used by options*.c only.
 *
 * Numbers are written as in JSON (no leading +, 0, or spaces, no 0x, nan, inf) and read the same in
 * every locale. An empty text unsets a string, path or list without a default. */
#ifndef SKEIN_OPTION_VALUE_H
#define SKEIN_OPTION_VALUE_H

#include <stdint.h>

#include "data/options/options.h"

typedef union OptionValue {
  char *string; /* STRING, PATH, LIST, PATHS; owned; NULL: unset */
  int64_t integer;
  double real;
  bool flag;
  int choice;
} OptionValue;

/* Reads `text`; `place` ("run.yaml:3:5") begins the message of an error. */
Status option_parse(const Option *option, const char *text, const char *place, OptionValue *value,
                    Error *err);
/* Drops a value that is not stored. */
void option_drop(const Option *option, OptionValue *value);

/* Makes a borrowed value an owned one; false when out of memory. */
bool option_copy(const Option *option, OptionValue *value);

/* Moves the value into the field of the settings, in place of the old one. */
void option_store(const Option *option, void *settings, OptionValue value);
OptionValue option_load(const Option *option, const void *settings); /* borrowed */

/* The value as a text that option_parse reads back to it; "" when unset. The caller frees; NULL
 * when out of memory. */
char *option_text(const Option *option, OptionValue value);
/* A number in the fewest digits that read back to it; as option_text. */
char *option_real_text(double real);

bool option_is_string(const Option *option); /* STRING, PATH, LIST or PATHS */

#endif
