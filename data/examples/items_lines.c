/* Items of a JSONL file. */
#include <inttypes.h>
#include <stdio.h>

#include "data/examples/items_internal.h"

static Status optional_text(const JsonDoc *doc, const char *key, char **out, Error *err) {
  if (!json_has(doc, key)) return STATUS_OK;
  const char *text;
  TRY(json_get_string(doc, key, &text, err));
  return item_copy_text(out, text, err);
}

/* A text or an integer, as a text; nothing when the key is not there. */
static Status optional_name(const JsonDoc *doc, const char *key, char **out, Error *err) {
  if (!json_is_integer(json_object_get(doc->root, key))) return optional_text(doc, key, out, err);
  char digits[24];
  int64_t value;
  TRY(json_get_int(doc, key, INT64_MIN, INT64_MAX, &value, err));
  snprintf(digits, sizeof digits, "%" PRId64, value);
  return item_copy_text(out, digits, err);
}

static Status list_of_texts(const JsonDoc *doc, const char *key, char ***out, int *count,
                            Error *err) {
  json_t *list;
  TRY(json_get_array(doc, key, &list, err));
  size_t n = json_array_size(list);
  if (n == 0) {
    return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s: is an empty list", doc->file,
                     doc->line, key);
  }
  TRY(item_alloc_texts(out, n, err));
  for (size_t i = 0; i < n; i++) {
    const json_t *text = json_array_get(list, i);
    if (!json_is_string(text)) {
      return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s[%zu]: got %s, want a string",
                       doc->file, doc->line, key, i, json_kind(text));
    }
    TRY(item_copy_text(&(*out)[i], json_string_value(text), err));
    (*count)++;
  }
  return STATUS_OK;
}

static Status read_targets(const JsonDoc *doc, const char *key, Item *out, Error *err) {
  if (!json_has(doc, key)) return STATUS_OK;
  if (json_is_array(json_object_get(doc->root, key))) {
    return list_of_texts(doc, key, &out->target, &out->targets, err);
  }
  TRY(item_alloc_texts(&out->target, 1, err));
  TRY(optional_text(doc, key, &out->target[0], err));
  out->targets = 1;
  return STATUS_OK;
}

static Status read_choices(const JsonDoc *doc, const ItemKeys *keys, Item *out, Error *err) {
  if (!json_has(doc, keys->choices)) return STATUS_OK;
  TRY(list_of_texts(doc, keys->choices, &out->choice, &out->choices, err));
  out->label = item_find_label(out);
  if (!json_has(doc, keys->label)) return STATUS_OK;
  int64_t label;
  TRY(json_get_int(doc, keys->label, 0, out->choices - 1, &label, err));
  out->label = (int)label;
  return STATUS_OK;
}

static Status read_fields(const JsonDoc *doc, const ItemKeys *keys, int64_t i, Item *out,
                          char **group, Error *err) {
  const char *input;
  char number[24];
  TRY(json_get_string(doc, keys->input, &input, err));
  TRY(item_copy_text(&out->input, input, err));
  TRY(optional_name(doc, "id", &out->id, err));
  snprintf(number, sizeof number, "%" PRId64, i);
  if (!out->id) TRY(item_copy_text(&out->id, number, err));
  TRY(optional_text(doc, keys->instruction, &out->instruction, err));
  TRY(optional_text(doc, "task", &out->task, err));
  TRY(read_targets(doc, keys->target, out, err));
  TRY(read_choices(doc, keys, out, err));
  if (keys->choices_from_targets) TRY(optional_name(doc, "template", group, err));
  return *group ? STATUS_OK : item_copy_text(group, "", err);
}

static Status open_lines(ItemSet *s, Error *err) {
  TRY(jsonl_open(&s->lines, s->path, err));
  s->count = jsonl_count(s->lines);
  return STATUS_OK;
}

static void line_place(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]) {
  snprintf(place, ITEMS_PLACE, "%s: line %" PRId64, s->path, jsonl_line(s->lines, i).number);
}

static Status refuse_no_choices(const ItemSet *s, const char *place, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: %s: is missing; give it, or take choices from the targets", place,
                   s->keys.choices);
}

static Status read_line(const ItemSet *s, int64_t i, Item *out, char **group, Error *err) {
  JsonlLine line = jsonl_line(s->lines, i);
  JsonDoc doc = {.file = s->path, .line = line.number, .byte = line.byte};
  TRY(json_parse(&doc, line.text, line.size, err));
  Status status = read_fields(&doc, &s->keys, i, out, group, err);
  json_free(&doc);
  return status;
}

const ItemReader items_lines = {open_lines, read_line, line_place, refuse_no_choices};
