#include "data/text/json_number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Passes over digits; whether there are any. */
static bool pass_digits(const char **text) {
  size_t n = strspn(*text, "0123456789");
  *text += n;
  return n > 0;
}

/* The grammar of RFC 8259, section 6. */
static bool is_number(const char *text) {
  if (*text == '-') text++;
  if (text[0] == '0' && isdigit((unsigned char)text[1])) return false;
  if (!pass_digits(&text)) return false;
  if (*text == '.') {
    text++;
    if (!pass_digits(&text)) return false;
  }
  if (*text == 'e' || *text == 'E') {
    text++;
    if (*text == '+' || *text == '-') text++;
    if (!pass_digits(&text)) return false;
  }
  return *text == '\0';
}

json_t *json_parse_number(const char *text, size_t flags, bool *too_large) {
  *too_large = false;
  if (!is_number(text)) return NULL; /* as a hash, which may begin like one */
  json_error_t error;
  json_t *number = json_loadb(text, strlen(text), JSON_DECODE_ANY | flags, &error);
  *too_large = !number && json_error_code(&error) == json_error_numeric_overflow;
  return number;
}

char *json_real_text(double real) {
  json_t *number = json_real(real);
  char text[64] = "";
  for (size_t digits = 6; number && digits <= 17; digits++) {
    size_t size =
        json_dumpb(number, text, sizeof text - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
    text[size < sizeof text ? size : 0] = '\0';
    bool too_large;
    json_t *back = json_parse_number(text, 0, &too_large);
    bool exact = json_is_real(back) && json_real_value(back) == real;
    json_decref(back);
    if (exact) break;
  }
  json_decref(number);
  return strdup(text);
}

/* The byte behind a string that begins at `at`; `size` where it does not end. */
static size_t pass_string(const char *text, size_t size, size_t at) {
  for (at++; at < size && text[at] != '"'; at++) at += text[at] == '\\';
  return at < size ? at + 1 : size;
}

static bool begins_number(char c) {
  return c == '-' || isdigit((unsigned char)c);
}

/* What jansson reads the number as, in `out`; false where the number itself will do. */
static bool replace_number(const char *number, char out[40]) {
  enum { DIGITS = 17 }; /* of a double */
  bool too_large;
  json_decref(json_parse_number(number, 0, &too_large));
  if (!too_large) return false;
  double value = strtod(number, NULL);
  const char *sign = value < 0 ? "-" : "";
  if (!isfinite(value)) {
    snprintf(out, 40, "%s1e308", sign);
    return true;
  }
  char real[40]; /* "d.dddddddddddddddde+xx", of which the point is longer than what it replaces */
  snprintf(real, sizeof real, "%.*e", DIGITS - 1, fabs(value));
  int exponent = atoi(strchr(real, 'e') + 1) - (DIGITS - 1);
  snprintf(out, 40, "%s%c%.*se%d", sign, real[0], DIGITS - 1, real + 2, exponent);
  return true;
}

static bool fit_number(char *number, size_t size) {
  enum { SMALL = 18 }; /* digits that no type finds too many */
  if (size <= SMALL && !memchr(number, 'e', size) && !memchr(number, 'E', size)) return false;
  char after = number[size], fitting[40];
  number[size] = '\0';
  bool replaced = replace_number(number, fitting);
  number[size] = after;
  if (!replaced) return false;
  memset(number, ' ', size);
  memcpy(number, fitting, strlen(fitting));
  return true;
}

bool json_fit_numbers(char *text, size_t size) {
  bool found = false;
  for (size_t at = 0; at < size;) {
    if (text[at] == '"') {
      at = pass_string(text, size, at);
    } else if (begins_number(text[at])) {
      size_t n = strspn(text + at, "+-.0123456789Ee");
      found |= fit_number(text + at, n);
      at += n;
    } else {
      at++;
    }
  }
  return found;
}

/* The byte behind a value that has no comma of this object's in it. */
static size_t pass_member(const char *text, size_t size, size_t at) {
  int depth = 0;
  while (at < size && (depth > 0 || (text[at] != ',' && text[at] != '}'))) {
    depth += text[at] == '[' || text[at] == '{';
    depth -= text[at] == ']' || text[at] == '}';
    at = text[at] == '"' ? pass_string(text, size, at) : at + 1;
  }
  return at;
}

const char *json_written(const char *text, size_t size, size_t index, size_t *length) {
  size_t at = (size_t)((const char *)memchr(text, '{', size) - text) + 1;
  for (; index > 0; index--) at = pass_member(text, size, at) + 1;
  size_t end = pass_member(text, size, at);
  at = pass_string(text, size, (size_t)((const char *)memchr(text + at, '"', size - at) - text));
  at = (size_t)((const char *)memchr(text + at, ':', size - at) - text) + 1;
  while (isspace((unsigned char)text[at])) at++;
  while (isspace((unsigned char)text[end - 1])) end--;
  *length = end - at;
  return text + at;
}
