#include "data/examples/example_line.h"

#include <inttypes.h>
#include <string.h>

#include "data/text/json_put.h"
#include "data/text/json_scan.h"

enum { INPUT, TARGET, TEXT, TEXTS };

/* Finds the texts of a plain line; false where jansson is to read it. Either TEXT stands alone, or
 * the other two are there. */
static bool scan_line(JsonlLine line, const ExampleKeys *keys, JsonText found[TEXTS]) {
  const char *const key[TEXTS] = {keys->input, keys->target, keys->text};
  if (keys->use != CHOICES_UNREAD) return false;
  if (!json_scan_texts(line.text, line.size, key, TEXTS, found)) return false;
  if (found[INPUT].text) found[TEXT] = (JsonText){0};
  if (found[TEXT].text) found[TARGET] = (JsonText){0};
  return found[TEXT].text || (found[INPUT].text && found[TARGET].text);
}

/* The strings belong to an array, the root of the document. */
static Status keep_texts(const JsonText found[TEXTS], ExampleText *out, Error *err) {
  const char **text[TEXTS] = {&out->input, &out->target, &out->text};
  out->doc.root = json_array();
  for (int k = 0; k < TEXTS; k++) {
    if (!found[k].text) continue;
    json_t *string = json_scan_string(&found[k]);
    json_push(&out->doc.root, string);
    if (!out->doc.root) return error_set(err, STATUS_RUN, "%s: out of memory", out->doc.file);
    *text[k] = json_string_value(string);
  }
  return STATUS_OK;
}

static Status refuse_choices(const JsonDoc *doc, const char *key, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s: %s", doc->file, doc->line, key,
                   what);
}

/* The choice that the target is. */
static Status find_right(const ExampleKeys *keys, ExampleText *out, Error *err) {
  TRY(json_get_string(&out->doc, keys->target, &out->target, err));
  for (size_t i = 0; i < json_array_size(out->choices); i++) {
    out->right = (int64_t)i;
    if (strcmp(json_string_value(json_array_get(out->choices, i)), out->target) == 0)
      return STATUS_OK;
  }
  return refuse_choices(&out->doc, keys->target, "is none of the choices", err);
}

static Status get_choices(const ExampleKeys *keys, ExampleText *out, Error *err) {
  const JsonDoc *doc = &out->doc;
  json_t *list;
  TRY(json_get_array(doc, keys->choices, &list, err));
  out->choices = list;
  int64_t n = (int64_t)json_array_size(list);
  if (n == 0) return refuse_choices(doc, keys->choices, "is an empty list", err);
  for (int64_t i = 0; i < n; i++)
    if (!json_is_string(json_array_get(list, (size_t)i)))
      return refuse_choices(doc, keys->choices, "want a list of strings", err);
  if (!json_has(doc, keys->label)) return find_right(keys, out, err);
  return json_get_int(doc, keys->label, 0, n - 1, &out->right, err);
}

/* The target, or the choices. */
static Status get_target(const ExampleKeys *keys, ExampleText *out, Error *err) {
  const JsonDoc *doc = &out->doc;
  if (keys->use != CHOICES_UNREAD && json_has(doc, keys->choices))
    return get_choices(keys, out, err);
  if (keys->use == CHOICES_ALL)
    return refuse_choices(doc, keys->choices, "is missing, and the loss asks for choices", err);
  return json_get_string(doc, keys->target, &out->target, err);
}

static Status get_texts(const ExampleKeys *keys, ExampleText *out, Error *err) {
  const JsonDoc *doc = &out->doc;
  bool raw = keys->text && json_has(doc, keys->text) && !json_has(doc, keys->input);
  if (raw) return json_get_string(doc, keys->text, &out->text, err);
  TRY(json_get_string(doc, keys->input, &out->input, err));
  return get_target(keys, out, err);
}

static Status parse_line(JsonlLine line, const ExampleKeys *keys, ExampleText *out, Error *err) {
  TRY(json_parse(&out->doc, line.text, line.size, err));
  Status status = get_texts(keys, out, err);
  if (status != STATUS_OK) json_free(&out->doc);
  return status;
}

Status example_line_read(const Jsonl *lines, const ExampleKeys *keys, int64_t i, ExampleText *out,
                         Error *err) {
  JsonlLine line = jsonl_line(lines, i);
  JsonText found[TEXTS];
  *out = (ExampleText){.doc = {.file = jsonl_path(lines), .line = line.number, .byte = line.byte}};
  return scan_line(line, keys, found) ? keep_texts(found, out, err)
                                      : parse_line(line, keys, out, err);
}

Status example_line_check(const Jsonl *lines, const ExampleKeys *keys, int64_t i, Error *err) {
  JsonText found[TEXTS];
  if (scan_line(jsonl_line(lines, i), keys, found)) return STATUS_OK;
  ExampleText text;
  TRY(example_line_read(lines, keys, i, &text, err));
  json_free(&text.doc);
  return STATUS_OK;
}
