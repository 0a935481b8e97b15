#include "data/options/option_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "data/file/path_search.h"
#include "data/options/path_list.h"
#include "data/text/json_number.h"

enum { QUOTED = 80 }; /* bytes of a refused value that a message shows */

static Status refuse_value(const Option *option, const char *text, const char *place,
                           const char *what, Error *err) {
  return error_set(err, STATUS_USAGE, "%s: %s: %s: '%.*s%s'", place, option->key, what, QUOTED,
                   text, strlen(text) > QUOTED ? "..." : "");
}

static Status refuse_range(const Option *option, const char *text, const char *place, Error *err) {
  char *min = option_real_text(option->min), *max = option_real_text(option->max);
  char what[128] = "out of range";
  if (min && max && option->min < option->max) {
    snprintf(what, sizeof what, "out of range (want %s to %s)", min, max);
  }
  free(min);
  free(max);
  return refuse_value(option, text, place, what, err);
}

static Status check_bounds(const Option *option, double number, const char *text, const char *place,
                           Error *err) {
  bool bounded = option->min < option->max;
  if (bounded && !(number >= option->min && number <= option->max)) {
    return refuse_range(option, text, place, err);
  }
  return STATUS_OK;
}

static Status parse_integer(const Option *option, const char *text, const char *place,
                            OptionValue *value, Error *err) {
  bool too_large;
  json_t *number = json_parse_number(text, 0, &too_large);
  bool whole = json_is_integer(number);
  value->integer = json_integer_value(number);
  json_decref(number);
  if (too_large) return refuse_range(option, text, place, err);
  if (!whole) return refuse_value(option, text, place, "not an integer", err);
  return check_bounds(option, (double)value->integer, text, place, err);
}

static Status parse_real(const Option *option, const char *text, const char *place,
                         OptionValue *value, Error *err) {
  bool too_large;
  json_t *number = json_parse_number(text, JSON_DECODE_INT_AS_REAL, &too_large);
  bool real = json_is_real(number);
  value->real = json_real_value(number);
  json_decref(number);
  if (too_large) return refuse_range(option, text, place, err);
  if (!real) return refuse_value(option, text, place, "not a number", err);
  return check_bounds(option, value->real, text, place, err);
}

/* `text` is `word` in lower case, in upper case or with a capital. */
static bool is_word(const char *text, const char *word) {
  if (strcasecmp(text, word) != 0) return false;
  bool lower = strcmp(text + 1, word + 1) == 0, upper = true;
  for (const char *c = text; *c; c++) upper = upper && isupper((unsigned char)*c);
  return lower || upper;
}

/* As YAML 1.1 has them (yaml.org/type/bool.html), but for single letters. */
static Status parse_flag(const Option *option, const char *text, const char *place,
                         OptionValue *value, Error *err) {
  static const char *const WORD[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}};
  for (size_t i = 0; i < sizeof WORD / sizeof *WORD; i++) {
    for (int flag = 0; flag < 2; flag++) {
      if (!is_word(text, WORD[i][flag])) continue;
      value->flag = flag;
      return STATUS_OK;
    }
  }
  return refuse_value(option, text, place, "not true or false", err);
}

static Status refuse_choice(const Option *option, const char *text, const char *place, Error *err) {
  enum { WORDS = 32 };
  const char *word[WORDS];
  size_t words = 0;
  char *copy = strdup(option->choices), *rest = copy;
  while (rest && words < WORDS) word[words++] = strsep(&rest, "|");
  NearestHint hint = nearest_hint(text, word, words);
  free(copy);
  return error_set(err, STATUS_USAGE, "%s: %s: not one of %s: '%.*s%s'%s", place, option->key,
                   option->choices, QUOTED, text, strlen(text) > QUOTED ? "..." : "", hint.text);
}

static Status parse_choice(const Option *option, const char *text, const char *place,
                           OptionValue *value, Error *err) {
  size_t size = strlen(text);
  const char *word = option->choices;
  for (int i = 0;; i++) {
    size_t n = strcspn(word, "|");
    if (n == size && memcmp(word, text, n) == 0) {
      value->choice = i;
      return STATUS_OK;
    }
    if (!word[n]) break;
    word += n + 1;
  }
  return refuse_choice(option, text, place, err);
}

/* What has a default is never unset: those who read it count on that. */
static Status copy_string(const Option *option, const char *text, const char *place,
                          OptionValue *value, Error *err) {
  value->string = NULL;
  if (!text[0] && option->initial)
    return error_set(err, STATUS_USAGE, "%s: %s: is empty; leave it out for the default '%s'",
                     place, option->key, option->initial);
  if (!text[0]) return STATUS_OK;
  value->string = strdup(text);
  if (value->string) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: %s: out of memory", place, option->key);
}

static Status parse_path(const Option *option, const char *text, const char *place,
                         OptionValue *value, Error *err) {
  for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
    if (*p < 0x20 || *p == 0x7f) {
      return refuse_value(option, text, place, "a path cannot hold control characters", err);
    }
  }
  char *path = path_expand(text);
  if (!path) return error_set(err, STATUS_RUN, "%s: %s: out of memory", place, option->key);
  Status status = copy_string(option, path, place, value, err);
  free(path);
  return status;
}

static Status parse_paths(const Option *option, const char *text, const char *place,
                          OptionValue *value, Error *err) {
  PathList list;
  if (!path_list_bracketed(text)) return parse_path(option, text, place, value, err);
  TRY(path_list_read(&list, text, option->key, place, err));
  value->string = path_list_expand(&list) ? path_list_text(&list) : NULL;
  path_list_free(&list);
  if (value->string) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: %s: out of memory", place, option->key);
}

/* Drops the spaces around items, in place. Returns false if an item is empty. */
static bool list_trim(char *list) {
  char *out = list;
  for (const char *item = list;;) {
    item += strspn(item, " ");
    size_t n = strcspn(item, ","), kept = n;
    while (kept && item[kept - 1] == ' ') kept--;
    if (kept == 0) return false;
    char end = item[n];
    memmove(out, item, kept);
    out[kept] = end;
    if (!end) return true;
    out += kept + 1;
    item += n + 1;
  }
}

/* A list may be written as in YAML, [a, b], in place. */
static void list_unwrap(char *list) {
  size_t size = strlen(list);
  if (size < 2 || list[0] != '[' || list[size - 1] != ']') return;
  list[size - 1] = '\0';
  memmove(list, list + 1, size - 1);
}

static Status parse_list(const Option *option, const char *text, const char *place,
                         OptionValue *value, Error *err) {
  TRY(copy_string(option, text, place, value, err));
  if (value->string) list_unwrap(value->string);
  if (!value->string || list_trim(value->string)) return STATUS_OK;
  option_drop(option, value);
  return refuse_value(option, text, place, "an item of the list is empty", err);
}

Status option_parse(const Option *option, const char *text, const char *place, OptionValue *value,
                    Error *err) {
  switch (option->type) {
    case OPTION_STRING:
      return copy_string(option, text, place, value, err);
    case OPTION_PATH:
    case OPTION_OUTPUT:
      return parse_path(option, text, place, value, err);
    case OPTION_LIST:
      return parse_list(option, text, place, value, err);
    case OPTION_PATHS:
      return parse_paths(option, text, place, value, err);
    case OPTION_INT:
      return parse_integer(option, text, place, value, err);
    case OPTION_REAL:
      return parse_real(option, text, place, value, err);
    case OPTION_BOOL:
      return parse_flag(option, text, place, value, err);
    case OPTION_CHOICE:
      return parse_choice(option, text, place, value, err);
  }
  return STATUS_OK;
}

bool option_is_string(const Option *option) {
  return option->type == OPTION_STRING || option->type == OPTION_PATH ||
         option->type == OPTION_OUTPUT || option->type == OPTION_LIST ||
         option->type == OPTION_PATHS;
}

void option_drop(const Option *option, OptionValue *value) {
  if (option_is_string(option)) free(value->string);
  value->string = NULL;
}

bool option_copy(const Option *option, OptionValue *value) {
  if (!option_is_string(option) || !value->string) return true;
  value->string = strdup(value->string);
  return value->string != NULL;
}

void option_store(const Option *option, void *settings, OptionValue value) {
  void *field = (char *)settings + option->offset;
  switch (option->type) {
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_OUTPUT:
    case OPTION_LIST:
    case OPTION_PATHS:
      free(*(char **)field);
      *(char **)field = value.string;
      break;
    case OPTION_INT:
      *(int64_t *)field = value.integer;
      break;
    case OPTION_REAL:
      *(double *)field = value.real;
      break;
    case OPTION_BOOL:
      *(bool *)field = value.flag;
      break;
    case OPTION_CHOICE:
      *(int *)field = value.choice;
      break;
  }
}

OptionValue option_load(const Option *option, const void *settings) {
  const void *field = (const char *)settings + option->offset;
  OptionValue value = {0};
  switch (option->type) {
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_OUTPUT:
    case OPTION_LIST:
    case OPTION_PATHS:
      value.string = *(char *const *)field;
      break;
    case OPTION_INT:
      value.integer = *(const int64_t *)field;
      break;
    case OPTION_REAL:
      value.real = *(const double *)field;
      break;
    case OPTION_BOOL:
      value.flag = *(const bool *)field;
      break;
    case OPTION_CHOICE:
      value.choice = *(const int *)field;
      break;
  }
  return value;
}

char *option_real_text(double real) {
  char *text = json_real_text(real);
  size_t size = text ? strlen(text) : 0;
  if (size > 2 && strcmp(text + size - 2, ".0") == 0) text[size - 2] = '\0';
  return text;
}

static char *choice_text(const char *choices, int index) {
  for (; index > 0; index--) choices += strcspn(choices, "|") + 1;
  return strndup(choices, strcspn(choices, "|"));
}

char *option_text(const Option *option, OptionValue value) {
  char text[24];
  switch (option->type) {
    case OPTION_REAL:
      return option_real_text(value.real);
    case OPTION_BOOL:
      return strdup(value.flag ? "true" : "false");
    case OPTION_CHOICE:
      return choice_text(option->choices, value.choice);
    case OPTION_INT:
      snprintf(text, sizeof text, "%" PRId64, value.integer);
      return strdup(text);
    default:
      return strdup(value.string ? value.string : "");
  }
}
