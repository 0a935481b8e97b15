#include "data/text/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file/file.h"
#include "data/text/json_number.h"
#include "data/text/json_put.h"
#include "data/text/yaml_emit.h"
#include "data/text/yaml_tree.h"

enum { BYTES_MAX = 16 << 20 };

/* Reading: each of these makes a new value of a node. */

typedef struct Reading {
  const YamlTree *tree;
  const char *const *numbers; /* as in yaml_parse_file */
} Reading;

static Status read_value(const Reading *r, const YamlNode *node, bool typed, json_t **value,
                         Error *err);

static Status no_memory(const YamlTree *tree, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", tree->file);
}

/* Whether the plain texts under a key have the types of JSON. */
static bool is_typed(const Reading *r, const char *key) {
  if (!r->numbers) return true;
  size_t i = 0;
  while (r->numbers[i] && strcmp(r->numbers[i], key) != 0) i++;
  return r->numbers[i] != NULL;
}

/* A plain text as JSON types it; NULL without an error: it is a string. */
static Status read_typed(const YamlTree *tree, const YamlNode *node, json_t **value, Error *err) {
  const char *text = node->text;
  bool too_large;
  *value = NULL;
  if (strcmp(text, "null") == 0) *value = json_null();
  if (strcmp(text, "true") == 0) *value = json_true();
  if (strcmp(text, "false") == 0) *value = json_false();
  if (*value) return STATUS_OK;
  *value = json_parse_number(text, 0, &too_large);
  if (!too_large) return STATUS_OK;
  return yaml_refuse(tree, node, err, "the number is too large: '%.80s'", text);
}

static Status read_text(const Reading *r, const YamlNode *node, bool typed, json_t **value,
                        Error *err) {
  if (!node->quoted && !*node->text) *value = json_null();
  if (!node->quoted && typed && !*value) TRY(read_typed(r->tree, node, value, err));
  if (!*value) *value = json_string(node->text);
  return *value ? STATUS_OK : no_memory(r->tree, err);
}

/* What stands in a list or a mapping, into *into. */
static Status read_inner(const Reading *r, const YamlNode *node, bool typed, json_t **into,
                         Error *err) {
  for (const YamlNode *inner = node->first; inner && *into; inner = inner->next) {
    json_t *value;
    const char *key = inner->key ? inner->key->text : NULL;
    TRY(read_value(r, inner, key ? is_typed(r, key) : typed, &value, err));
    if (key) {
      json_put(into, key, value);
    } else {
      json_push(into, value);
    }
  }
  return *into ? STATUS_OK : no_memory(r->tree, err);
}

static Status read_value(const Reading *r, const YamlNode *node, bool typed, json_t **value,
                         Error *err) {
  *value = NULL;
  if (node->kind == YAML_TEXT) return read_text(r, node, typed, value, err);
  json_t *made = node->kind == YAML_LIST ? json_array() : json_object();
  Status status = read_inner(r, node, typed, &made, err);
  if (status == STATUS_OK) {
    *value = made;
  } else {
    json_decref(made);
  }
  return status;
}

Status yaml_parse_file(JsonDoc *doc, const char *path, const char *const *numbers, Error *err) {
  YamlTree tree;
  *doc = (JsonDoc){.file = path};
  Status status = yaml_tree_read(&tree, path, BYTES_MAX, STATUS_INPUT, err);
  if (status != STATUS_OK) return status;
  const Reading r = {&tree, numbers};
  if (tree.root) {
    status = read_value(&r, tree.root, numbers == NULL, &doc->root, err);
  } else {
    doc->root = json_null();
  }
  yaml_tree_free(&tree);
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
