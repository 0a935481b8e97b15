#include "data/text/json_walk.h"

#include <string.h>

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(JsonWalk *w) {
  while (w->at < w->size && is_space(w->text[w->at])) w->at++;
}

/* The next byte that is not white space, or -1 at the end of the text. */
static int peek_byte(JsonWalk *w) {
  skip_space(w);
  return w->at < w->size ? (unsigned char)w->text[w->at] : -1;
}

static Status refuse_byte(const JsonWalk *w, const char *want, Error *err) {
  if (w->at == w->size) {
    return error_set(err, STATUS_INPUT, "%s: byte %zu: the JSON ends here, want %s", w->file,
                     w->origin + w->at, want);
  }
  int c = (unsigned char)w->text[w->at];
  bool visible = c > ' ' && c < 0x7f;
  return error_set(
      err, STATUS_INPUT,
      visible ? "%s: byte %zu: got '%c', want %s" : "%s: byte %zu: got byte 0x%02x, want %s",
      w->file, w->origin + w->at, c, want);
}

/* Reads one value from where the walk stands and moves behind it. */
static Status read_value(JsonWalk *w, json_t **value, Error *err) {
  json_error_t cause;
  *value = json_loadb(w->text + w->at, w->size - w->at,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &cause);
  size_t at = w->origin + w->at + (size_t)cause.position;
  if (*value) {
    w->at += (size_t)cause.position; /* where jansson stopped; set on success as well */
    return STATUS_OK;
  }
  if (cause.text[0] == '\0' || json_error_code(&cause) == json_error_out_of_memory) {
    return error_set(err, STATUS_RUN, "%s: out of memory", w->file);
  }
  return error_set(err, STATUS_INPUT, "%s: byte %zu: %s", w->file, at, cause.text);
}

bool json_walk_mark(JsonWalk *w, char mark) {
  if (peek_byte(w) != mark) return false;
  w->at++;
  return true;
}

bool json_walk_plain_text(JsonWalk *w, const char **text, size_t *size) {
  if (peek_byte(w) != '"') return false;
  *text = w->text + w->at + 1;
  const char *end = memchr(*text, '"', w->size - w->at - 1);
  if (!end) return false;
  *size = (size_t)(end - *text);
  bool plain = true;
  for (size_t i = 0; i < *size; i++) {
    plain &= (*text)[i] >= ' ' && (*text)[i] < 0x7f && (*text)[i] != '\\';
  }
  if (plain) w->at += *size + 2;
  return plain;
}

bool json_walk_plain_count(JsonWalk *w, int64_t *count) {
  enum { DIGITS = 18 };
  bool zero = peek_byte(w) == '0';
  size_t digits = 0;
  *count = 0;
  for (size_t at = w->at; at < w->size && w->text[at] >= '0' && w->text[at] <= '9'; at++) {
    if (++digits > DIGITS) return false;
    *count = *count * 10 + (w->text[at] - '0');
  }
  if (digits == 0 || (zero && digits > 1)) return false;
  w->at += digits;
  return true;
}

Status json_walk_enter(JsonWalk *w, Error *err) {
  if (!json_walk_mark(w, '{')) return refuse_byte(w, "'{'", err);
  w->inner = false;
  return STATUS_OK;
}

/* The string that is next, whose opening quote has been seen. */
static Status read_string(JsonWalk *w, char **string, Error *err) {
  const char *text;
  size_t size;
  if (json_walk_plain_text(w, &text, &size)) {
    *string = strndup(text, size);
    return STATUS_OK;
  }
  json_t *value = NULL;
  TRY(read_value(w, &value, err));
  *string = strdup(json_string_value(value));
  json_decref(value);
  return STATUS_OK;
}

/* A key and the colon behind it. */
static Status read_key(JsonWalk *w, char **key, Error *err) {
  if (peek_byte(w) != '"') return refuse_byte(w, "a key in double quotes", err);
  TRY(read_string(w, key, err));
  if (!*key) return error_set(err, STATUS_RUN, "%s: out of memory", w->file);
  if (json_walk_mark(w, ':')) return STATUS_OK;
  free(*key);
  *key = NULL;
  return refuse_byte(w, "':'", err);
}

Status json_walk_key(JsonWalk *w, char **key, Error *err) {
  *key = NULL;
  int next = peek_byte(w);
  if (next == '}') {
    w->at++;
    w->inner = true; /* of the object around this one */
    return STATUS_OK;
  }
  if (w->inner) {
    if (next != ',') return refuse_byte(w, "',' or '}'", err);
    w->at++;
  }
  w->inner = true;
  return read_key(w, key, err);
}

Status json_walk_value(JsonWalk *w, json_t **value, Error *err) {
  return read_value(w, value, err);
}

Status json_walk_end(JsonWalk *w, Error *err) {
  return peek_byte(w) < 0 ? STATUS_OK : refuse_byte(w, "the end of the JSON", err);
}
