#include "infer/eval/eval_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 160, NAME_LONGEST = 200 };

static Status put_scalar(FILE *out, const json_t *value, const char *key, const char *place,
                         Error *err) {
  switch (json_typeof(value)) {
    case JSON_STRING:
      fputs(json_string_value(value), out);
      break;
    case JSON_INTEGER:
      fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
      break;
    case JSON_REAL:
      fprintf(out, "%.17g", json_real_value(value));
      break;
    case JSON_TRUE:
    case JSON_FALSE:
      fputs(json_is_true(value) ? "true" : "false", out);
      break;
    case JSON_NULL:
      break;
    default:
      return error_set(err, STATUS_USAGE, "%s: %s: want one value, not %s", place, key,
                       json_kind(value));
  }
  return STATUS_OK;
}

static Status put_list(FILE *out, const json_t *list, const char *key, const char *place,
                       Error *err) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *item = json_array_get(list, i);
    const char *text = json_string_value(item);
    if (json_is_null(item) || (text && (!*text || strchr(text, ',')))) {
      return error_set(err, STATUS_USAGE, "%s: %s: an item is empty or holds a comma", place, key);
    }
    if (i) fputc(',', out);
    TRY(put_scalar(out, item, key, place, err));
  }
  return STATUS_OK;
}

Status eval_value_text(const json_t *value, const char *key, const char *place, char **text,
                       Error *err) {
  size_t size;
  *text = NULL;
  FILE *out = open_memstream(text, &size);
  if (!out) return error_set(err, STATUS_RUN, "%s: out of memory", place);
  Status status = json_is_array(value) ? put_list(out, value, key, place, err)
                                       : put_scalar(out, value, key, place, err);
  if (fclose(out) != 0 && status == STATUS_OK)
    status = error_set(err, STATUS_RUN, "%s: out of memory", place);
  if (status != STATUS_OK) {
    free(*text);
    *text = NULL;
  }
  return status;
}

static bool is_option(const OptionSet *set, const char *key) {
  for (size_t i = 0; i < set->count; i++) {
    if (strcmp(set->table[i].key, key) == 0) return true;
  }
  return false;
}

/* As the table's own message, but with the keys beside the table among those that may be meant. */
static Status unknown_key(const OptionSet *set, const char *key, const char *const *other,
                          size_t others, const char *place, Error *err) {
  const char **known = calloc(set->count + others, sizeof *known);
  if (!known) return error_set(err, STATUS_RUN, "%s: out of memory", place);
  for (size_t i = 0; i < set->count; i++) known[i] = set->table[i].key;
  for (size_t i = 0; i < others; i++) known[set->count + i] = other[i];
  const char *near = options_nearest(key, known, set->count + others);
  free(known);
  return error_set(err, STATUS_USAGE, "%s: unknown key '%.80s'%s%s%s", place, key,
                   near ? ", did you mean '" : " (--help lists the keys)", near ? near : "",
                   near ? "'?" : "");
}

static bool is_section(const OptionSet *set, const char *key) {
  size_t size = strlen(key);
  for (size_t i = 0; i < set->count; i++) {
    if (strncmp(set->table[i].key, key, size) == 0 && set->table[i].key[size] == '.') return true;
  }
  return false;
}

typedef struct Walk {
  OptionSet *set;
  const char *const *other;
  size_t others;
  const char *place;
} Walk;

static Status read_value(const Walk *w, const char *key, const json_t *value, Error *err) {
  if (!is_option(w->set, key)) return unknown_key(w->set, key, w->other, w->others, w->place, err);
  char *text;
  TRY(eval_value_text(value, key, w->place, &text, err));
  Status status = options_put(w->set, key, text, w->place, err);
  free(text);
  return status;
}

static Status read_level(const Walk *w, const json_t *mapping, const char *section, Error *err) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)mapping, name, value) {
    bool beside = false;
    for (size_t i = 0; !*section && i < w->others; i++)
      beside = beside || strcmp(w->other[i], name) == 0;
    if (beside) continue;
    char key[KEY];
    snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", name);
    if (json_is_object(value) && is_section(w->set, key)) {
      TRY(read_level(w, value, key, err));
    } else {
      TRY(read_value(w, key, value, err));
    }
  }
  return STATUS_OK;
}

Status eval_read_mapping(OptionSet *set, const json_t *mapping, const char *const *other,
                         size_t others, const char *place, Error *err) {
  if (!json_is_object(mapping)) {
    return error_set(err, STATUS_USAGE, "%s: want a mapping of keys, not %s", place,
                     json_kind(mapping));
  }
  const Walk walk = {set, other, others, place};
  return read_level(&walk, mapping, "", err);
}

Status eval_check_name(const char *name, const char *place, Error *err) {
  static const char ALLOWED[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+=,-";
  size_t size = strlen(name);
  if (size == 0 || size > NAME_LONGEST || *name == '.' || strspn(name, ALLOWED) != size) {
    return error_set(err, STATUS_USAGE,
                     "%s: name: '%.80s' cannot name a file; use letters, digits and . _ + = , - "
                     "(at most %d, no dot first)",
                     place, name, NAME_LONGEST);
  }
  return STATUS_OK;
}
