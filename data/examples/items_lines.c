/* Items of a JSONL file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "data/examples/examples.h"
#include "data/examples/items_internal.h"
#include "data/text/json_number.h"

static Status optional_text(const JsonDoc *doc, const char *key, char **out, Error *err) {
  if (!json_has(doc, key)) return STATUS_OK;
  const char *text;
  TRY(json_get_string(doc, key, &text, err));
  return item_copy_text(out, text, err);
}

/* A text, or a number as it is written, as a text; nothing when the key is not there. */
static Status optional_name(const JsonDoc *doc, JsonlLine line, const char *key, char **out,
                            Error *err) {
  const json_t *value = json_object_get(doc->root, key);
  if (!json_is_number(value)) return optional_text(doc, key, out, err);
  size_t length, index = 0;
  for (void *at = json_object_iter(doc->root); json_object_iter_value(at) != value; index++)
    at = json_object_iter_next(doc->root, at);
  const char *written = json_written(line.text, line.size, index, &length);
  *out = strndup(written, length);
  return *out ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the items");
}

static Status list_of_texts(const JsonDoc *doc, const char *key, char ***out, int *count,
                            Error *err) {
  json_t *list;
  TRY(json_get_array(doc, key, &list, err));
  size_t n = json_array_size(list);
  if (n == 0) return STATUS_OK; /* as where there is no list */
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

/* The index of the right choice. One that is none of them makes the item odd, as do the -1 of test
 * sets without labels where an item must have one. */
static Status read_label(const JsonDoc *doc, const ItemKeys *keys, Item *out, Error *err) {
  const char *key = keys->label;
  int64_t label;
  if (!json_has(doc, key)) return STATUS_OK;
  TRY(json_get_int(doc, key, INT64_MIN, INT64_MAX, &label, err));
  if (keys->partial && label == -1) return STATUS_OK;
  if (label < 0 || label >= out->choices) {
    return item_set_odd(out, err, "%s: got %" PRId64 ", want an integer in [0, %d]", key, label,
                        out->choices - 1);
  }
  out->label = (int)label;
  return STATUS_OK;
}

static Status read_choices(const JsonDoc *doc, const ItemKeys *keys, Item *out, Error *err) {
  if (!json_has(doc, keys->choices)) return STATUS_OK;
  TRY(list_of_texts(doc, keys->choices, &out->choice, &out->choices, err));
  return out->choices > 0 && keys->use != ITEMS_RANKED ? read_label(doc, keys, out, err)
                                                       : STATUS_OK;
}

/* The right choice as far as the line says it in a way that can be understood: nobody judges by it. */
static Status read_told(const JsonDoc *doc, const ItemKeys *keys, Item *out, Error *err) {
  const json_t *label = json_object_get(doc->root, keys->label);
  const json_t *target = json_object_get(doc->root, keys->target);
  json_int_t index = json_integer_value(label); /* 0 of anything else */
  if (json_is_integer(label) && index >= 0 && index < out->choices) out->label = (int)index;
  bool texts = json_is_string(target) || json_is_array(target);
  for (size_t i = 0; texts && i < json_array_size(target); i++)
    texts = json_is_string(json_array_get(target, i));
  return texts ? read_targets(doc, keys->target, out, err) : STATUS_OK;
}

/* What the use of the items needs, and nothing else of the line. */
static Status read_answer(const ItemSet *s, const JsonDoc *doc, Item *out, Error *err) {
  const ItemKeys *keys = &s->keys;
  if (s->ranks) TRY(read_choices(doc, keys, out, err));
  if (keys->use == ITEMS_CHOSEN || keys->use == ITEMS_ANSWERED ||
      (s->label_sets && out->choices == 0))
    TRY(read_targets(doc, keys->target, out, err));
  if (keys->use == ITEMS_RANKED && out->choices > 0) return read_told(doc, keys, out, err);
  return keys->use == ITEMS_ANSWERED && out->targets == 0 ? read_choices(doc, keys, out, err)
                                                          : STATUS_OK;
}

static Status read_fields(const ItemSet *s, const JsonDoc *doc, JsonlLine line, int64_t i,
                          Item *out, char **group, Error *err) {
  const char *input;
  char number[24];
  TRY(json_get_string(doc, s->keys.input, &input, err));
  TRY(item_copy_text(&out->input, input, err));
  TRY(optional_name(doc, line, "id", &out->id, err));
  snprintf(number, sizeof number, "%" PRId64, i);
  if (!out->id) TRY(item_copy_text(&out->id, number, err));
  if (!s->keys.no_query) {
    TRY(optional_text(doc, s->keys.instruction, &out->instruction, err));
    TRY(optional_name(doc, line, "task", &out->task, err));
  }
  TRY(read_answer(s, doc, out, err));
  if (s->label_sets) TRY(optional_name(doc, line, "template", group, err));
  return *group ? STATUS_OK : item_copy_text(group, "", err);
}

static Status open_source(ItemSet *s, Error *err) {
  switch (s->keys.source) {
    case ITEMS_OF_FILE:
      return jsonl_open(&s->lines, s->path, err);
    case ITEMS_TAKEN:
      return jsonl_take(&s->lines, s->path, err);
    default:
      return jsonl_follow(&s->lines, s->path, err);
  }
}

/* What has come of the lines. */
static Status count_lines(ItemSet *s, Error *err) {
  s->total = jsonl_count(s->lines);
  return jsonl_want_objects(s->lines,
                            s->ranks ? "{\"input\": \"2 + 2 =\", \"choices\": [\"3\", \"4\"]}"
                                     : "{\"input\": \"2 + 2 =\", \"target\": \"4\"}",
                            err);
}

static Status open_lines(ItemSet *s, Error *err) {
  TRY(open_source(s, err));
  return count_lines(s, err);
}

static Status read_more(ItemSet *s, Error *err) {
  TRY(jsonl_more(s->lines, err));
  return count_lines(s, err);
}

static void line_place(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]) {
  snprintf(place, ITEMS_PLACE, "%s: line %" PRId64, s->name, jsonl_line(s->lines, i).number);
}

static Status read_line(const ItemSet *s, int64_t i, Item *out, char **group, Error *err) {
  JsonlLine line = jsonl_line(s->lines, i);
  JsonDoc doc = {.file = s->name, .line = line.number, .byte = line.byte, .keys = KEYS_RULE};
  TRY(json_parse(&doc, line.text, line.size, err));
  Status status = read_fields(s, &doc, line, i, out, group, err);
  json_free(&doc);
  return status;
}

const ItemReader items_lines = {
    open_lines, read_more, read_line, line_place,
    "choices: there are none; give them, say their key (--choices-key, choices_key), take them "
    "from "
    "the targets (score --choices-from-targets, in an evaluation choices_from_targets: true), or "
    "generate"};
