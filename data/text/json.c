#include "data/text/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/json_number.h"
#include "data/text/utf8.h"

enum { FLAGS = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY };

/* What jansson could not read. It leaves the text empty where it ran out of memory. */
static Status report_cause(const JsonDoc *doc, size_t mark, const json_error_t *cause, Error *err) {
  if (cause->text[0] == '\0' || json_error_code(cause) == json_error_out_of_memory) {
    return error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
  }
  bool nul = json_error_code(cause) == json_error_null_character;
  bool second = json_error_code(cause) == json_error_end_of_input_expected;
  const char *text = nul ? "\\u0000 is not allowed in a text; remove it" : cause->text;
  const char *hint = doc->line > 0 ? "; a line is one JSON object"
                     : second      ? "; the file holds more than one value, as JSONL does"
                                   : "";
  int64_t line = cause->line + (doc->line > 0 ? doc->line - 1 : 0);
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": column %d: byte %" PRId64 ": %s%s",
                   doc->file, line, cause->column, doc->byte + (int64_t)mark + cause->position,
                   text, hint);
}

/* The text with its numbers such that they can be read; NULL as json_loadb. */
static json_t *parse_fitted(const char *text, size_t size, json_error_t *cause) {
  char *copy = malloc(size + 1);
  if (!copy) return NULL;
  memcpy(copy, text, size);
  copy[size] = '\0';
  json_fit_numbers(copy, size);
  json_t *root = json_loadb(copy, size, FLAGS, cause);
  free(copy);
  return root;
}

Status json_parse(JsonDoc *doc, const char *text, size_t size, Error *err) {
  size_t mark = utf8_mark(text, size);
  doc->root = NULL;
  const char *nul = memchr(text, 0, size); /* jansson would take one after the value for the end */
  if (nul) {
    return error_set(err, STATUS_INPUT, "%s: byte %" PRId64 ": a NUL byte", doc->file,
                     doc->byte + (nul - text));
  }
  json_error_t cause;
  doc->root = json_loadb(text + mark, size - mark, FLAGS, &cause);
  if (!doc->root && json_error_code(&cause) == json_error_numeric_overflow) {
    cause.text[0] = '\0'; /* out of memory, unless jansson says otherwise */
    doc->root = parse_fitted(text + mark, size - mark, &cause);
  }
  return doc->root ? STATUS_OK : report_cause(doc, mark, &cause, err);
}

Status json_parse_file(JsonDoc *doc, const char *path, size_t limit, Error *err) {
  char *text;
  size_t size;
  *doc = (JsonDoc){.file = path};
  TRY(file_read(path, limit, &text, &size, err));
  const char *kind = *text == '{' ? NULL : file_kind((const unsigned char *)text, size);
  Status status = kind ? error_set(err, STATUS_INPUT, "%s: is not JSON but %s", path, kind)
                       : json_parse(doc, text, size, err);
  free(text);
  return status;
}

void json_free(JsonDoc *doc) {
  json_decref(doc->root);
  doc->root = NULL;
}

static const char *real_kind(double real) {
  if (fabs(real) >= JSON_TOO_LARGE) return "a number too large";
  return fabs(real) >= 0x1p63 ? "a number beyond 64 bits" : "a real";
}

const char *json_kind(const json_t *value) {
  if (!value) return "nothing";
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      return "an object";
    case JSON_ARRAY:
      return "an array";
    case JSON_STRING:
      return "a string";
    case JSON_INTEGER:
      return "an integer";
    case JSON_REAL:
      return real_kind(json_real_value(value));
    case JSON_TRUE:
      return "true";
    case JSON_FALSE:
      return "false";
    case JSON_NULL:
      return "null";
  }
  return "?";
}

bool json_has(const JsonDoc *doc, const char *key) {
  const json_t *value = json_object_get(doc->root, key);
  return value && !json_is_null(value);
}

/* An error in a field: the file, the line where the document is one of many, and `format`. */
static Status __attribute__((format(printf, 3, 4)))
refuse_field(const JsonDoc *doc, Error *err, const char *format, ...) {
  char what[ERROR_TEXT];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  if (doc->line == 0) return error_set(err, STATUS_INPUT, "%s: %s", doc->file, what);
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s", doc->file, doc->line, what);
}

enum {
  OBJECT = 1 << JSON_OBJECT,
  ARRAY = 1 << JSON_ARRAY,
  STRING = 1 << JSON_STRING,
  INTEGER = 1 << JSON_INTEGER,
  REAL = 1 << JSON_REAL,
  BOOLEAN = 1 << JSON_TRUE | 1 << JSON_FALSE,
};

/* A line of data has few keys; who asked for another one sees which: "; it has inputs, targets". */
static Status refuse_missing(const JsonDoc *doc, const char *key, const char *want, Error *err) {
  enum { SHOWN = 6 };
  char keys[SHOWN * 48] = "";
  size_t used = 0, shown = 0;
  const char *name;
  json_t *value;
  json_object_foreach(doc->root, name, value) {
    if (doc->line == 0 || shown == SHOWN) break;
    int size =
        snprintf(keys + used, sizeof keys - used, "%s%.32s", shown ? ", " : "; it has ", name);
    used += (size_t)size, shown++;
  }
  bool named = shown > 0 && doc->keys;
  return refuse_field(doc, err, "%s: is missing, want %s%s%s%s", key, want, keys, named ? "; " : "",
                      named ? doc->keys : "");
}

/* The value of `key`, which must be one of `types`. */
static Status get_field(const JsonDoc *doc, const char *key, int types, const char *want,
                        json_t **out, Error *err) {
  if (!json_is_object(doc->root)) {
    return refuse_field(doc, err, "got %s, want an object%s", json_kind(doc->root),
                        doc->line > 0 ? "; a line is one JSON object" : "");
  }
  json_t *value = json_object_get(doc->root, key);
  if (!value) return refuse_missing(doc, key, want, err);
  if (!(1 << json_typeof(value) & types)) {
    return refuse_field(doc, err, "%s: got %s, want %s", key, json_kind(value), want);
  }
  *out = value;
  return STATUS_OK;
}

Status json_get_int(const JsonDoc *doc, const char *key, int64_t min, int64_t max, int64_t *out,
                    Error *err) {
  json_t *value = NULL;
  TRY(get_field(doc, key, INTEGER, "an integer", &value, err));
  *out = json_integer_value(value);
  if (*out >= min && *out <= max) return STATUS_OK;
  return refuse_field(doc, err,
                      "%s: got %" PRId64 ", want an integer in [%" PRId64 ", %" PRId64 "]", key,
                      *out, min, max);
}

Status json_get_real(const JsonDoc *doc, const char *key, double min, double max, double *out,
                     Error *err) {
  json_t *value = NULL;
  TRY(get_field(doc, key, INTEGER | REAL, "a number", &value, err));
  *out = json_number_value(value);
  if (fabs(*out) >= JSON_TOO_LARGE) {
    return refuse_field(doc, err, "%s: got %s, want a number in [%g, %g]", key, json_kind(value),
                        min, max);
  }
  if (*out >= min && *out <= max) return STATUS_OK;
  return refuse_field(doc, err, "%s: got %g, want a number in [%g, %g]", key, *out, min, max);
}

Status json_get_bool(const JsonDoc *doc, const char *key, bool *out, Error *err) {
  json_t *value = NULL;
  TRY(get_field(doc, key, BOOLEAN, "true or false", &value, err));
  *out = json_is_true(value);
  return STATUS_OK;
}

Status json_get_string(const JsonDoc *doc, const char *key, const char **out, Error *err) {
  json_t *value = NULL;
  TRY(get_field(doc, key, STRING, "a string", &value, err));
  *out = json_string_value(value);
  return STATUS_OK;
}

Status json_get_hash(const JsonDoc *doc, const char *key, char hex[HASH_HEX], Error *err) {
  const char *text;
  TRY(json_get_string(doc, key, &text, err));
  if (!hash_valid(text))
    return refuse_field(doc, err, "%s: want 64 lower-case hexadecimal digits", key);
  memcpy(hex, text, HASH_HEX);
  return STATUS_OK;
}

Status json_get_object(const JsonDoc *doc, const char *key, json_t **out, Error *err) {
  return get_field(doc, key, OBJECT, "an object", out, err);
}

Status json_get_array(const JsonDoc *doc, const char *key, json_t **out, Error *err) {
  return get_field(doc, key, ARRAY, "an array", out, err);
}

Status json_write_file(const json_t *value, const char *path, Error *err) {
  char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
  if (!text) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  AtomicFile f;
  Status status = atomic_open(&f, path, err);
  if (status == STATUS_OK) {
    fprintf(f.stream, "%s\n", text);
    status = atomic_commit(&f, err);
  }
  free(text);
  return status;
}
