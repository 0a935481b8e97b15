#include "data/examples/label_sets.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"

/* A set is {"choice": [text], "alike": [the first choice that is alike], "of_text": {target: index},
 * "of_same": {key: index}, "of_alike": {key: index}}. */
struct LabelSets {
  ChoiceTokens tokens;
  json_t *group; /* {name: a set} */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the label sets");
}

Status label_sets_new(LabelSets **out, const ChoiceTokens *tokens, Error *err) {
  LabelSets *sets = *out = calloc(1, sizeof *sets);
  if (!sets) return no_memory(err);
  sets->tokens = *tokens;
  sets->group = json_object();
  return sets->group ? STATUS_OK : no_memory(err);
}

void label_sets_free(LabelSets *sets) {
  if (!sets) return;
  json_decref(sets->group);
  free(sets);
}

/* The set of a group, which is made where there is none; borrowed. */
static Status find_set(LabelSets *sets, const char *group, json_t **set, Error *err) {
  *set = json_object_get(sets->group, group);
  if (*set) return STATUS_OK;
  json_t *made = json_object();
  json_put(&made, "choice", json_array());
  json_put(&made, "alike", json_array());
  json_put(&made, "of_text", json_object());
  json_put(&made, "of_same", json_object());
  json_put(&made, "of_alike", json_object());
  if (json_object_set_new(sets->group, group, made) != 0) return no_memory(err);
  *set = made;
  return STATUS_OK;
}

static const char *choice_text(const json_t *set, size_t index) {
  return json_string_value(json_array_get(json_object_get(set, "choice"), index));
}

/* The index that a map of the set has for a key, -1: none. */
static int find_index(const json_t *set, const char *map, const char *key) {
  const json_t *index = json_object_get(json_object_get(set, map), key);
  return index ? (int)json_integer_value(index) : -1;
}

static bool put_index(json_t *set, const char *map, const char *key, int index) {
  return json_object_set_new(json_object_get(set, map), key, json_integer(index)) == 0;
}

/* A target that no other one is the same as. */
static bool add_choice(json_t *set, const ChoiceKeys *keys, const char *target, int alike) {
  int index = (int)json_array_size(json_object_get(set, "choice"));
  return put_index(set, "of_text", target, index) && put_index(set, "of_same", keys->same, index) &&
         (alike >= 0 || put_index(set, "of_alike", keys->alike, index)) &&
         json_array_append_new(json_object_get(set, "choice"), json_string(target)) == 0 &&
         json_array_append_new(json_object_get(set, "alike"),
                               json_integer(alike < 0 ? index : alike)) == 0;
}

static Status add_target(json_t *set, const ChoiceKeys *keys, const char *target, const char **same,
                         const char **alike, Error *err) {
  int first = find_index(set, "of_same", keys->same);
  int other = find_index(set, "of_alike", keys->alike);
  bool done =
      first >= 0 ? put_index(set, "of_text", target, first) : add_choice(set, keys, target, other);
  if (first >= 0) {
    *same = choice_text(set, (size_t)first);
  } else if (other >= 0) {
    *alike = choice_text(set, (size_t)other);
  }
  return done ? STATUS_OK : no_memory(err);
}

static Status refuse_labels(const char *path, const char *group, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: %s%s%s more than %d distinct targets, which is free text and no label set; "
                   "give `choices` in the lines, or generate",
                   path, *group ? "template '" : "", group, *group ? "' has" : "has", LABELS_MOST);
}

Status label_sets_add(LabelSets *sets, const char *path, const char *group, const char *target,
                      const char **same, const char **alike, Error *err) {
  json_t *set;
  ChoiceKeys keys;
  *same = *alike = NULL;
  TRY(find_set(sets, group, &set, err));
  if (find_index(set, "of_text", target) >= 0) return STATUS_OK;
  if (json_object_size(json_object_get(set, "of_text")) >= LABELS_MOST)
    return refuse_labels(path, group, err);
  TRY(choice_keys_make(&keys, &sets->tokens, target, err));
  Status status = add_target(set, &keys, target, same, alike, err);
  choice_keys_free(&keys);
  return status;
}

static Status take_choices(const json_t *set, Item *item, Error *err) {
  const json_t *alike = json_object_get(set, "alike");
  size_t count = json_array_size(alike);
  TRY(item_alloc_texts(&item->choice, count, err));
  item->alike = calloc(count, sizeof *item->alike);
  if (!item->alike) return no_memory(err);
  for (size_t i = 0; i < count; i++) {
    TRY(item_copy_text(&item->choice[i], choice_text(set, i), err));
    item->alike[i] = (int)json_integer_value(json_array_get(alike, i));
    item->choices++;
  }
  return STATUS_OK;
}

Status label_sets_take(const LabelSets *sets, const char *group, Item *item, Error *err) {
  const json_t *set = json_object_get(sets->group, group);
  TRY(take_choices(set, item, err));
  item->label = find_index(set, "of_text", item->target[0]);
  free(item->target[0]);
  return item_copy_text(&item->target[0], item->choice[item->label], err);
}

bool label_sets_lack(const LabelSets *sets) {
  const char *group;
  json_t *set;
  json_object_foreach(sets->group, group, set) {
    if (json_array_size(json_object_get(set, "choice")) < 2) return true;
  }
  return false;
}
