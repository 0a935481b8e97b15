/* The settings as texts: one of them, "key=value" lines, a JSON object; and copies of sets. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/options/options_internal.h"
#include "data/text/json_put.h"

static char *value_text(const OptionSet *o, size_t i) {
  return option_text(&o->table[i], option_load(&o->table[i], o->settings));
}

char *options_text(const OptionSet *o, const char *key) {
  size_t i = options_find(o, key);
  assert(i < o->count);
  return value_text(o, i);
}

static bool put_line(const OptionSet *o, size_t i, FILE *out) {
  char *text = value_text(o, i);
  bool done = text && fprintf(out, "%s=%s\n", o->table[i].key, text) > 0;
  free(text);
  return done;
}

char *options_lines(const OptionSet *o, OptionFilter *keep, const void *arg) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  bool done = true;
  for (size_t i = 0; done && i < o->count; i++) {
    if (!keep || keep(o->table[i].key, arg)) done = put_line(o, i, s.out);
  }
  char *lines = text_stream_close(&s);
  if (done) return lines;
  free(lines);
  return NULL;
}

json_t *options_json(const OptionSet *o, OptionFilter *keep, const void *arg) {
  json_t *object = json_object();
  for (size_t i = 0; i < o->count; i++) {
    if (keep && !keep(o->table[i].key, arg)) continue;
    char *text = value_text(o, i);
    json_put(&object, o->table[i].key, json_string(text));
    free(text);
  }
  return object;
}

int options_files(const OptionSet *o, const char **file) {
  int files = 0;
  for (size_t i = 0; i < o->count; i++) {
    if (o->table[i].type != OPTION_PATH && o->table[i].type != OPTION_OUTPUT) continue;
    const char *named = option_load(&o->table[i], o->settings).string;
    if (named) file[files++] = named;
  }
  return files;
}

static Status copy_source(OptionSource *to, const OptionSource *from, const char *key, Error *err) {
  char *lost = from->lost ? strdup(from->lost) : NULL;
  if (from->lost && !lost) return error_set(err, STATUS_RUN, "%s: out of memory", key);
  free(to->lost);
  *to = *from;
  to->lost = lost;
  return STATUS_OK;
}

Status options_copy(OptionSet *to, const OptionSet *from, Error *err) {
  assert(to->count == from->count);
  for (size_t i = 0; i < to->count; i++) {
    const Option *option = &to->table[i];
    assert(option->type == from->table[i].type);
    OptionValue value = option_load(&from->table[i], from->settings);
    if (!option_copy(option, &value)) {
      return error_set(err, STATUS_RUN, "%s: out of memory", option->key);
    }
    option_store(option, to->settings, value);
    TRY(copy_source(&to->source[i], &from->source[i], option->key, err));
  }
  return STATUS_OK;
}
