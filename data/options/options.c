#include "data/options/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "data/options/options_internal.h"
#include "data/text/utf8.h"

/* Appends an option, whose field is unset so far. */
static void add_option(OptionSet *o, const Option *option, size_t at) {
  assert(option->initial || option_is_string(option));
  assert(options_find(o, option->key) == o->count); /* no two options have one key */
  Option *own = &o->table[o->count++];
  *own = *option;
  own->offset += at;
  if (option_is_string(own)) *(char **)((char *)o->settings + own->offset) = NULL;
}

static Status set_defaults(OptionSet *o, Error *err) {
  for (size_t i = 0; i < o->count; i++) {
    const char *text = o->table[i].initial ? o->table[i].initial : "";
    TRY(options_set(o, i, text, ORIGIN_DEFAULT, "default", err));
  }
  return STATUS_OK;
}

Status options_init_parts(OptionSet *o, const OptionPart *part, size_t parts, void *settings,
                          Error *err) {
  size_t total = 0;
  for (size_t p = 0; p < parts; p++) total += part[p].count;
  *o = (OptionSet){.table = calloc(total + 1, sizeof *o->table),
                   .settings = settings,
                   .source = calloc(total + 1, sizeof *o->source)};
  if (!o->table || !o->source) {
    options_free(o);
    return error_set(err, STATUS_RUN, "options: out of memory");
  }
  for (size_t p = 0; p < parts; p++) {
    for (size_t i = 0; i < part[p].count; i++) add_option(o, &part[p].table[i], part[p].at);
  }
  Status status = set_defaults(o, err);
  if (status != STATUS_OK) options_free(o);
  return status;
}

Status options_init(OptionSet *o, const Option *table, size_t count, void *settings, Error *err) {
  return options_init_parts(o, &(OptionPart){table, count, 0}, 1, settings, err);
}

void options_free(OptionSet *o) {
  for (size_t i = 0; i < o->count; i++) {
    if (option_is_string(&o->table[i])) {
      option_store(&o->table[i], o->settings, (OptionValue){.string = NULL});
    }
    free(o->source[i].lost);
  }
  free(o->table);
  free(o->source);
  *o = (OptionSet){0};
}

Status options_set(OptionSet *o, size_t i, const char *text, OptionOrigin origin, const char *place,
                   Error *err) {
  const Option *option = &o->table[i];
  OptionValue value;
  TRY(option_parse(option, text, place, &value, err));
  if (origin < o->source[i].origin) {
    option_drop(option, &value);
    return STATUS_OK;
  }
  option_store(option, o->settings, value);
  free(o->source[i].lost);
  o->source[i] = (OptionSource){.origin = origin};
  return STATUS_OK;
}

Status options_preset(OptionSet *o, const char *key, const char *value, Error *err) {
  size_t i = options_find(o, key);
  if (i == o->count) return options_unknown(o, key, NULL, "recipe", err);
  if (o->source[i].origin != ORIGIN_DEFAULT) return STATUS_OK;
  return options_set(o, i, value, ORIGIN_RECIPE, "recipe", err);
}

static Status set_key(OptionSet *o, const char *key, const char *text, OptionOrigin origin,
                      const char *place, Error *err) {
  size_t i = options_find(o, key);
  if (i == o->count) return options_unknown(o, key, NULL, place, err);
  return options_set(o, i, text, origin, place, err);
}

Status options_put(OptionSet *o, const char *key, const char *text, const char *place, Error *err) {
  return set_key(o, key, text, ORIGIN_FILE, place, err);
}

Status options_command(OptionSet *o, const char *key, const char *text, const char *place,
                       Error *err) {
  return set_key(o, key, text, ORIGIN_COMMAND, place, err);
}

Status options_assign(OptionSet *o, const char *assignment, Error *err) {
  size_t size = strlen(assignment), valid = utf8_valid(assignment, size);
  if (valid < size) {
    return error_set(err, STATUS_USAGE, "-s: not UTF-8 at byte %zu of '%.80s'", valid, assignment);
  }
  const char *equals = strchr(assignment, '=');
  if (!equals) {
    return error_set(err, STATUS_USAGE, "-s: want key=value, got '%.80s'", assignment);
  }
  char *key = strndup(assignment, (size_t)(equals - assignment));
  if (!key) return error_set(err, STATUS_RUN, "-s: out of memory");
  Status status = options_command(o, key, equals + 1, "-s", err);
  free(key);
  return status;
}

static bool is_missing(const OptionSet *o, size_t i) {
  const Option *option = &o->table[i];
  if (!option->required) return false;
  return option_is_string(option) ? !option_load(option, o->settings).string
                                  : o->source[i].origin == ORIGIN_DEFAULT;
}

Status options_check_required(const OptionSet *o, const char *name, Error *err) {
  const Option *first = NULL; /* of those that are missing */
  char others[256] = "";
  for (size_t i = 0, used = 0; i < o->count && used < sizeof others; i++) {
    if (!is_missing(o, i)) continue;
    if (first)
      used += (size_t)snprintf(others + used, sizeof others - used, "%s%s",
                               used ? ", " : "; missing too: ", o->table[i].key);
    if (!first) first = &o->table[i];
  }
  if (!first) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: %s: is required (%s)%s", name, first->key, first->help,
                   others);
}

Status options_check_paths(const OptionSet *o, Error *err) {
  for (size_t i = 0; i < o->count; i++) {
    if (o->source[i].lost) return error_set(err, STATUS_INPUT, "%s", o->source[i].lost);
  }
  return STATUS_OK;
}
