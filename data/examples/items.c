#include <stdlib.h>

#include "data/examples/items_internal.h"

static const ItemReader *const READERS[] = {[ITEMS_LINES] = &items_lines, [ITEMS_BBH] = &items_bbh};

/* More distinct targets than this are free text and no label set. */
enum { LABELS_MOST = 1000 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the items");
}

/* ---- label sets: choices from the targets of other items ---- */

static Status refuse_labels(const ItemSet *s, const char *group, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: %s%s%s more than %d distinct targets, which is free text and no label set; "
                   "give `choices` in the lines, or generate",
                   s->path, *group ? "template '" : "", group, *group ? "' has" : "has",
                   LABELS_MOST);
}

static Status add_label(ItemSet *s, int64_t i, const Item *item, const char *group, Error *err) {
  if (item->targets != 1) {
    char place[ITEMS_PLACE];
    s->reader->place(s, i, place);
    return error_set(err, STATUS_INPUT, "%s: %s: got %d texts; choices from targets need one",
                     place, s->keys.target, item->targets);
  }
  json_t *set = json_object_get(s->label_sets, group);
  if (!set && json_object_set_new(s->label_sets, group, json_object()) != 0) return no_memory(err);
  set = json_object_get(s->label_sets, group);
  if (json_object_get(set, item->target[0])) return STATUS_OK;
  json_int_t index = (json_int_t)json_object_size(set);
  if (index >= LABELS_MOST) return refuse_labels(s, group, err);
  if (json_object_set_new(set, item->target[0], json_integer(index)) != 0) return no_memory(err);
  return STATUS_OK;
}

static Status take_label_set(const ItemSet *s, const char *group, Item *item, Error *err) {
  json_t *set = json_object_get(s->label_sets, group), *index;
  const char *label;
  TRY(item_alloc_texts(&item->choice, json_object_size(set), err));
  json_object_foreach(set, label, index) {
    TRY(item_copy_text(&item->choice[item->choices], label, err));
    item->choices++;
  }
  item->label = (int)json_integer_value(json_object_get(set, item->target[0]));
  return STATUS_OK;
}

/* ---- the set ---- */

static Status read_item(const ItemSet *s, int64_t i, Item *out, char **group, Error *err) {
  *out = (Item){.label = -1};
  *group = NULL;
  return s->reader->read(s, i, out, group, err);
}

static Status refuse_choiceless(const ItemSet *s, int64_t i, Error *err) {
  char place[ITEMS_PLACE];
  s->reader->place(s, i, place);
  return s->reader->refuse_choiceless(s, place, err);
}

static Status check_item(ItemSet *s, int64_t i, Error *err) {
  Item item;
  char *group;
  Status status = read_item(s, i, &item, &group, err);
  if (status == STATUS_OK && s->label_sets && item.choices == 0) {
    status = add_label(s, i, &item, group, err);
  } else if (status == STATUS_OK && s->keys.need_choices && item.choices == 0) {
    status = refuse_choiceless(s, i, err);
  }
  item_free(&item);
  free(group);
  return status;
}

static Status copy_keys(ItemKeys *to, const ItemKeys *from, Error *err) {
  *to = (ItemKeys){0};
  const ItemKeys none = {0}, *given = from ? from : &none;
  to->choices_from_targets = given->choices_from_targets;
  to->need_choices = given->need_choices;
  TRY(item_copy_text((char **)&to->input, given->input ? given->input : "input", err));
  TRY(item_copy_text((char **)&to->target, given->target ? given->target : "target", err));
  TRY(item_copy_text((char **)&to->choices, given->choices ? given->choices : "choices", err));
  TRY(item_copy_text((char **)&to->label, given->label ? given->label : "label", err));
  return item_copy_text((char **)&to->instruction,
                        given->instruction ? given->instruction : "instruction", err);
}

static Status open_set(ItemSet *s, const char *path, const ItemKeys *keys, Error *err) {
  TRY(item_copy_text(&s->path, path, err));
  TRY(copy_keys(&s->keys, keys, err));
  s->label_sets = s->keys.choices_from_targets ? json_object() : NULL;
  TRY(s->reader->open(s, err));
  for (int64_t i = 0; i < s->count; i++) TRY(check_item(s, i, err));
  if (s->count > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no items", path);
}

Status items_open(ItemSet **out, const char *path, ItemFormat format, const ItemKeys *keys,
                  Error *err) {
  *out = NULL;
  ItemSet *s = calloc(1, sizeof *s);
  if (!s) return no_memory(err);
  s->reader = READERS[format];
  Status status = open_set(s, path, keys, err);
  if (status == STATUS_OK) {
    *out = s;
  } else {
    items_close(s);
  }
  return status;
}

void items_close(ItemSet *s) {
  if (!s) return;
  jsonl_close(s->lines);
  json_free(&s->doc);
  json_decref(s->label_sets);
  free((char *)s->keys.input);
  free((char *)s->keys.target);
  free((char *)s->keys.choices);
  free((char *)s->keys.label);
  free((char *)s->keys.instruction);
  free(s->path);
  free(s);
}

int64_t items_count(const ItemSet *s) {
  return s->count;
}

const char *items_hash(const ItemSet *s) {
  return s->lines ? jsonl_hash(s->lines) : s->hash;
}

const char *items_path(const ItemSet *s) {
  return s->path;
}

Status items_get(const ItemSet *s, int64_t i, Item *out, Error *err) {
  char *group;
  Status status = read_item(s, i, out, &group, err);
  if (status == STATUS_OK && s->label_sets && out->choices == 0) {
    status = take_label_set(s, group, out, err);
  }
  free(group);
  if (status != STATUS_OK) item_free(out);
  return status;
}
