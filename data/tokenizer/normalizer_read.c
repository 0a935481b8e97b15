/* Reading the "normalizer" of a tokenizer.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tokenizer/base64.h"
#include "data/tokenizer/normalizer.h"
#include "data/tokenizer/unicode.h"

enum { STEPS_MAX = 64, DEPTH_MAX = 8, REPEATED_MAX = 1000 };

static Status field_error(const char *path, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: normalizer: %s", path, what);
}

static Status add_step(Normalizer *n, NormalizerStep **step, const char *path, Error *err) {
  if (n->count == STEPS_MAX) return field_error(path, "has more than 64 steps", err);
  NormalizerStep *grown = array_grow(n->step, n->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  n->step = grown;
  *step = &grown[n->count++];
  **step = (NormalizerStep){0};
  return STATUS_OK;
}

Status normalizer_add_rules(Normalizer *n, const unsigned char *rules, size_t size,
                            const char *path, const char *place, Error *err) {
  char where[512];
  NormalizerStep *s = NULL;
  TRY(add_step(n, &s, path, err));
  s->type = NORMALIZE_PRECOMPILED;
  snprintf(where, sizeof where, "%.400s: %s", path, place);
  return charsmap_open(&s->charsmap, rules, size, where, err);
}

Status normalizer_add_bert(Normalizer *n, const BertText *how, const char *path, Error *err) {
  NormalizerStep *s = NULL;
  TRY(add_step(n, &s, path, err));
  s->type = NORMALIZE_BERT;
  s->bert = *how;
  return STATUS_OK;
}

Status normalizer_lower_first(Normalizer *n, const char *path, Error *err) {
  NormalizerStep *last = NULL;
  TRY(add_step(n, &last, path, err));
  memmove(n->step + 1, n->step, (n->count - 1) * sizeof *n->step);
  n->step[0] = (NormalizerStep){.type = NORMALIZE_LOWERCASE};
  return STATUS_OK;
}

static Status read_precompiled(Normalizer *n, const json_t *json, const char *path, Error *err) {
  static const char place[] = "normalizer: precompiled_charsmap";
  const json_t *text = json_object_get(json, "precompiled_charsmap");
  unsigned char *rules;
  size_t size;
  if (!json_is_string(text)) return field_error(path, "precompiled_charsmap is no string", err);
  TRY(base64_decode(json_string_value(text), json_string_length(text), &rules, &size, path, place,
                    err));
  Status status = normalizer_add_rules(n, rules, size, path, place, err);
  free(rules);
  return status;
}

static Status copy_text(char **out, const json_t *text, const char *what, const char *path,
                        Error *err) {
  if (!json_is_string(text)) return field_error(path, what, err);
  *out = strdup(json_string_value(text));
  return *out ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", path);
}

/* Splits a regular expression into a text and how often its one character stands: "ab", "a+",
 * "a{2,}". False: it is of another form. */
static bool read_repeat(char *pattern, size_t *repeated) {
  size_t plain = strcspn(pattern, "\\.+*?()|[]{}^$"), first = plain ? utf8_size(pattern) : 0;
  const char *rest = pattern + plain;
  char *end;
  *repeated = 0;
  if (*rest == '\0') return plain > 0;
  if (plain != first) return false;
  if (strcmp(rest, "+") == 0) {
    *repeated = 1;
  } else if (*rest == '{' && rest[1] >= '1' && rest[1] <= '9') {
    *repeated = strtoul(rest + 1, &end, 10);
    if (strcmp(end, ",}") != 0 || *repeated > REPEATED_MAX) return false;
  }
  pattern[plain] = '\0';
  return *repeated > 0;
}

static Status read_replace(Normalizer *n, const json_t *json, const char *path, Error *err) {
  const json_t *pattern = json_object_get(json, "pattern");
  const json_t *text = json_object_get(pattern, "String"),
               *regex = json_object_get(pattern, "Regex");
  NormalizerStep *s = NULL;
  TRY(add_step(n, &s, path, err));
  s->type = NORMALIZE_REPLACE;
  TRY(copy_text(&s->content, json_object_get(json, "content"), "Replace: content is no string",
                path, err));
  TRY(copy_text(&s->pattern, regex ? regex : text, "Replace: pattern is no String and no Regex",
                path, err));
  if (s->pattern[0] == '\0') return field_error(path, "Replace: pattern is empty", err);
  if (!regex || read_repeat(s->pattern, &s->repeated)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: normalizer: Replace: the Regex '%.100s' is not supported: only a text, or "
                   "one character with + or {n,}",
                   path, json_string_value(regex));
}

static Status read_strip(Normalizer *n, const json_t *json, const char *path, Error *err) {
  const json_t *left = json_object_get(json, "strip_left");
  const json_t *right = json_object_get(json, "strip_right");
  NormalizerStep *s = NULL;
  TRY(add_step(n, &s, path, err));
  if (!json_is_boolean(left) || !json_is_boolean(right)) {
    return field_error(path, "Strip: strip_left or strip_right is no boolean", err);
  }
  s->type = NORMALIZE_STRIP;
  s->left = json_is_true(left);
  s->right = json_is_true(right);
  return STATUS_OK;
}

static Status read_prepend(Normalizer *n, const json_t *json, const char *path, Error *err) {
  NormalizerStep *s = NULL;
  TRY(add_step(n, &s, path, err));
  s->type = NORMALIZE_PREPEND;
  return copy_text(&s->content, json_object_get(json, "prepend"), "Prepend: prepend is no string",
                   path, err);
}

static Status read_lowercase(Normalizer *n, const json_t *json, const char *path, Error *err) {
  NormalizerStep *s = NULL;
  (void)json;
  TRY(add_step(n, &s, path, err));
  s->type = NORMALIZE_LOWERCASE;
  return STATUS_OK;
}

static Status read_bert(Normalizer *n, const json_t *json, const char *path, Error *err) {
  BertText how;
  TRY(bert_text_read(&how, json, path, err));
  return normalizer_add_bert(n, &how, path, err);
}

static const struct {
  const char *type;
  Status (*read)(Normalizer *n, const json_t *json, const char *path, Error *err);
} READERS[] = {{"Precompiled", read_precompiled},
               {"Replace", read_replace},
               {"Strip", read_strip},
               {"Prepend", read_prepend},
               {"Lowercase", read_lowercase},
               {"BertNormalizer", read_bert}};

static Status read_step(Normalizer *n, const json_t *json, int depth, const char *path,
                        Error *err) {
  const char *type = json_string_value(json_object_get(json, "type"));
  if (!type) return field_error(path, "a step has no \"type\"", err);
  if (strcmp(type, "Sequence") == 0) {
    const json_t *list = json_object_get(json, "normalizers");
    if (!json_is_array(list)) return field_error(path, "Sequence: normalizers is no list", err);
    if (depth == DEPTH_MAX) return field_error(path, "Sequences are nested too deep", err);
    for (size_t i = 0; i < json_array_size(list); i++)
      TRY(read_step(n, json_array_get(list, i), depth + 1, path, err));
    return STATUS_OK;
  }
  for (size_t i = 0; i < sizeof READERS / sizeof *READERS; i++) {
    if (strcmp(type, READERS[i].type) == 0) return READERS[i].read(n, json, path, err);
  }
  return error_set(err, STATUS_INPUT, "%s: normalizer: '%.100s' is not supported", path, type);
}

Status normalizer_read(Normalizer *n, const json_t *json, const char *path, Error *err) {
  return !json || json_is_null(json) ? STATUS_OK : read_step(n, json, 0, path, err);
}
