#include "data/text/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file/file.h"
#include "data/text/yaml_emit.h"
#include "data/text/yaml_events.h"

enum { BYTES_MAX = 16 << 20, DEPTH_MAX = 16 };

/* Reading. Each read_* turns the current event, and those that belong to it, into a new value. */

static Status read_value(YamlReader *r, int depth, json_t **value);

/* A plain scalar as JSON types it; NULL without an error: it is a text. */
static Status read_typed(YamlReader *r, const char *text, json_t **value) {
  bool too_large;
  *value = NULL;
  if (!*text || strcmp(text, "null") == 0) *value = json_null();
  if (strcmp(text, "true") == 0) *value = json_true();
  if (strcmp(text, "false") == 0) *value = json_false();
  if (*value) return STATUS_OK;
  *value = json_parse_number(text, 0, &too_large);
  if (!too_large) return STATUS_OK;
  return yaml_reader_refuse(r, "the number is too large: '%.80s'", text);
}

static Status read_scalar(YamlReader *r, json_t **value) {
  const char *text;
  TRY(yaml_reader_text(r, &text));
  if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
    TRY(read_typed(r, text, value));
    if (*value) return STATUS_OK;
  }
  *value = json_string(text);
  return *value ? STATUS_OK : yaml_reader_no_memory(r);
}

static Status read_items(YamlReader *r, int depth, json_t *list) {
  for (;;) {
    json_t *item;
    TRY(yaml_reader_next(r));
    if (r->event.type == YAML_SEQUENCE_END_EVENT) return STATUS_OK;
    TRY(read_value(r, depth, &item));
    if (json_array_append_new(list, item) != 0) return yaml_reader_no_memory(r);
  }
}

/* The key that is the current event, and its value. */
static Status read_entry(YamlReader *r, int depth, json_t *mapping) {
  if (r->event.type != YAML_SCALAR_EVENT) return yaml_reader_refuse(r, "a key must be plain text");
  const char *text;
  TRY(yaml_reader_text(r, &text));
  if (json_object_get(mapping, text)) return yaml_reader_refuse(r, "%.80s: is set twice", text);
  char *key = strdup(text);
  if (!key) return yaml_reader_no_memory(r);
  json_t *value = NULL;
  Status status = yaml_reader_next(r);
  if (status == STATUS_OK) status = read_value(r, depth, &value);
  if (status == STATUS_OK && json_object_set_new(mapping, key, value) != 0) {
    status = yaml_reader_no_memory(r);
  }
  free(key);
  return status;
}

static Status read_entries(YamlReader *r, int depth, json_t *mapping) {
  for (;;) {
    TRY(yaml_reader_next(r));
    if (r->event.type == YAML_MAPPING_END_EVENT) return STATUS_OK;
    TRY(read_entry(r, depth, mapping));
  }
}

static Status read_value(YamlReader *r, int depth, json_t **value) {
  *value = NULL;
  if (r->event.type == YAML_SCALAR_EVENT) return read_scalar(r, value);
  if (depth == DEPTH_MAX) return yaml_reader_refuse(r, "nested deeper than %d levels", DEPTH_MAX);
  bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
  json_t *made = list ? json_array() : json_object();
  if (!made) return yaml_reader_no_memory(r);
  Status status = list ? read_items(r, depth + 1, made) : read_entries(r, depth + 1, made);
  if (status == STATUS_OK) {
    *value = made;
  } else {
    json_decref(made);
  }
  return status;
}

static Status read_document(YamlReader *r, json_t **root) {
  TRY(yaml_reader_begin(r));
  if (r->event.type == YAML_STREAM_END_EVENT) {
    *root = json_null();
    return STATUS_OK;
  }
  TRY(read_value(r, 0, root));
  return yaml_reader_end(r);
}

Status yaml_parse_file(JsonDoc *doc, const char *path, Error *err) {
  char *text;
  size_t size;
  YamlReader r;
  *doc = (JsonDoc){.file = path};
  TRY(file_read(path, BYTES_MAX, &text, &size, err));
  Status status = yaml_reader_open(&r, text, size, path, STATUS_INPUT, err);
  if (status == STATUS_OK) status = read_document(&r, &doc->root);
  yaml_reader_close(&r);
  free(text);
  if (status != STATUS_OK) json_free(doc);
  return status;
}

/* Writing. */

/* Some reader of YAML, this one among them, takes the plain text for something else than a string:
 * a number, a date, or one of the many words for null, true and false. */
static bool is_ambiguous(const char *text) {
  static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  if (!*text || strchr("0123456789+-.~<=", *text)) return true;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcasecmp(text, words[i]) == 0) return true;
  }
  return false;
}

static bool put_string(yaml_emitter_t *emitter, const char *text) {
  yaml_scalar_style_t style =
      is_ambiguous(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
  if (strchr(text, '\n')) style = YAML_LITERAL_SCALAR_STYLE; /* a line of it is a line of a diff */
  return yaml_emit_text(emitter, text, strlen(text), style);
}

static bool put_real(yaml_emitter_t *emitter, double real) {
  char *text = json_real_text(real);
  bool done = text && yaml_emit_text(emitter, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
  free(text);
  return done;
}

static bool put_value(yaml_emitter_t *emitter, const json_t *value);

static bool put_object(yaml_emitter_t *emitter, const json_t *object) {
  if (!yaml_emit_mapping(emitter, YAML_BLOCK_MAPPING_STYLE)) return false;
  for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
       at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
    if (!put_string(emitter, json_object_iter_key(at))) return false;
    if (!put_value(emitter, json_object_iter_value(at))) return false;
  }
  return yaml_emit_mapping_end(emitter);
}

/* Numbers stand in one line, everything else one item a line. */
static bool put_array(yaml_emitter_t *emitter, const json_t *array) {
  bool numbers = true;
  for (size_t i = 0; i < json_array_size(array); i++) {
    numbers &= json_is_number(json_array_get(array, i));
  }
  yaml_sequence_style_t style = numbers ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
  if (!yaml_emit_list(emitter, style)) return false;
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (!put_value(emitter, json_array_get(array, i))) return false;
  }
  return yaml_emit_list_end(emitter);
}

static bool put_value(yaml_emitter_t *emitter, const json_t *value) {
  if (json_is_object(value)) return put_object(emitter, value);
  if (json_is_array(value)) return put_array(emitter, value);
  if (json_is_string(value)) return put_string(emitter, json_string_value(value));
  if (json_is_real(value)) return put_real(emitter, json_real_value(value));
  char text[24] = "null";
  if (json_is_boolean(value)) strcpy(text, json_is_true(value) ? "true" : "false");
  if (json_is_integer(value)) {
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  }
  return yaml_emit_text(emitter, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
}

static bool put_root(yaml_emitter_t *emitter, const void *value) {
  return put_value(emitter, value);
}

Status yaml_write_file(const json_t *value, const char *path, Error *err) {
  char *text = yaml_emit_document(put_root, value);
  if (!text) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = file_write(path, text, strlen(text), err);
  free(text);
  return status;
}
