#include "data/examples/item_choices.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the choices of an item");
}

enum { ID_WIDTH = 6 }; /* of 6 bits each */

/* ---- keys ---- */

/* The ids as a text of ID_WIDTH characters each, with room for `more` bytes; NULL when out of
 * memory. */
static char *ids_text(const int32_t *ids, int64_t count, size_t more) {
  size_t size = (size_t)count * ID_WIDTH;
  char *text = malloc(size + more + 1), *out = text;
  if (!text) return NULL;
  for (int64_t i = 0; i < count; i++) {
    for (int k = 0; k < ID_WIDTH; k++) *out++ = (char)('0' + (ids[i] >> 6 * k & 63));
  }
  *out = '\0';
  return text;
}

/* Appends a text without the white space at its ends. */
static void append_trimmed(char *key, const char *text) {
  static const char SPACE[] = " \t\n\r";
  text += strspn(text, SPACE);
  size_t size = strlen(text);
  while (size > 0 && strchr(SPACE, text[size - 1])) size--;
  strncat(key, text, size);
}

static bool has_unknown(const Tokenizer *t, const int32_t *ids, int64_t count) {
  bool found = false;
  for (int64_t i = 0; i < count; i++) found |= ids[i] == tokenizer_unknown(t);
  return found;
}

Status choice_keys_make(ChoiceKeys *keys, const ChoiceTokens *tokens, const char *text,
                        Error *err) {
  const Tokenizer *t = tokens->tokenizer;
  int32_t *ids;
  int64_t count;
  *keys = (ChoiceKeys){0};
  TRY(sequence_encode(t, text, INT64_MAX, &ids, &count, err));
  keys->same = ids_text(ids, count, strlen(text));
  keys->alike = ids_text(ids, count < tokens->most ? count - 1 : tokens->most - 1, 0);
  bool whole = keys->same && keys->alike;
  if (whole && has_unknown(t, ids, count)) append_trimmed(keys->same, text);
  free(ids);
  if (whole) return STATUS_OK;
  choice_keys_free(keys);
  return no_memory(err);
}

void choice_keys_free(ChoiceKeys *keys) {
  free(keys->same);
  free(keys->alike);
  *keys = (ChoiceKeys){0};
}

/* ---- equal choices ---- */

typedef struct Seen {
  json_t *same, *alike; /* {key: the first choice that has it} */
} Seen;

static Status find_first(json_t *seen, const char *key, int k, int *first, Error *err) {
  const json_t *known = json_object_get(seen, key);
  *first = known ? (int)json_integer_value(known) : k;
  if (known || json_object_set_new(seen, key, json_integer(k)) == 0) return STATUS_OK;
  return no_memory(err);
}

/* *differ: no two choices are alike. */
static Status compare_all(Item *item, const ChoiceTokens *tokens, const Seen *seen, bool *differ,
                          Error *err) {
  *differ = true;
  for (int k = 0; k < item->choices; k++) {
    ChoiceKeys keys;
    TRY(choice_keys_make(&keys, tokens, item->choice[k], err));
    Status status = find_first(seen->same, keys.same, k, &item->same[k], err);
    if (status == STATUS_OK) status = find_first(seen->alike, keys.alike, k, &item->alike[k], err);
    choice_keys_free(&keys);
    TRY(status);
    *differ &= item->alike[k] == k;
  }
  return STATUS_OK;
}

Status item_compare_choices(Item *item, const ChoiceTokens *tokens, Error *err) {
  if (item->choices < 2) return STATUS_OK;
  const Seen seen = {json_object(), json_object()};
  bool differ = false;
  item->same = calloc((size_t)item->choices, sizeof *item->same);
  item->alike = calloc((size_t)item->choices, sizeof *item->alike);
  bool room = seen.same && seen.alike && item->same && item->alike;
  Status status = room ? compare_all(item, tokens, &seen, &differ, err) : no_memory(err);
  json_decref(seen.same);
  json_decref(seen.alike);
  if (!differ) return status;
  free(item->same);
  free(item->alike);
  item->same = item->alike = NULL;
  return status;
}

/* ---- the right one ---- */

static int same_bytes(const char *const *choice, int choices, const char *text) {
  for (int k = 0; k < choices; k++) {
    if (strcmp(choice[k], text) == 0) return k;
  }
  return -1;
}

Status choice_find(const ChoiceTokens *tokens, const char *const *choice, int choices,
                   const char *text, int *match, Error *err) {
  ChoiceKeys want, keys;
  *match = same_bytes(choice, choices, text);
  if (*match >= 0) return STATUS_OK;
  TRY(choice_keys_make(&want, tokens, text, err));
  Status status = STATUS_OK;
  for (int k = 0; k < choices && *match < 0 && status == STATUS_OK; k++) {
    status = choice_keys_make(&keys, tokens, choice[k], err);
    if (status == STATUS_OK && strcmp(keys.same, want.same) == 0) *match = k;
    choice_keys_free(&keys);
  }
  choice_keys_free(&want);
  return status;
}

/* The first choice that a target is, in *match, and whether one is the label's, in *agrees. */
static Status match_targets(Item *item, const ChoiceTokens *tokens, int *match, bool *agrees,
                            Error *err) {
  const char *const *choice = (const char *const *)item->choice;
  *match = -1;
  *agrees = false;
  for (int i = 0; i < item->targets; i++) {
    int k;
    TRY(choice_find(tokens, choice, item->choices, item->target[i], &k, err));
    if (k < 0) continue;
    if (*match < 0) *match = k;
    *agrees |= item->label >= 0 && item_same(item, k) == item_same(item, item->label);
    free(item->target[i]);
    TRY(item_copy_text(&item->target[i], item->choice[item_same(item, k)], err));
  }
  return STATUS_OK;
}

static bool all_same(const Item *item) {
  bool same = true;
  for (int k = 1; k < item->choices; k++) same &= item_same(item, k) == 0;
  return same;
}

static Status refuse_target(Item *item, Error *err) {
  if (item->targets == 0) return item_set_odd(item, err, "label and target are missing");
  return item_set_odd(item, err, "target '%.*s' is none of the choices",
                      item_shown(item->target[0]), item->target[0]);
}

static Status refuse_label(Item *item, int match, Error *err) {
  const char *label = item->choice[item->label], *target = item->choice[match];
  return item_set_odd(item, err, "label says '%.*s', target says '%.*s'", item_shown(label), label,
                      item_shown(target), target);
}

Status item_settle_label(Item *item, const ChoiceTokens *tokens, Error *err) {
  int match;
  bool agrees;
  if (all_same(item)) {
    return item_set_odd(item, err, "%s, so there is nothing to choose",
                        item->choices == 1 ? "has one choice" : "all its choices are the same");
  }
  TRY(match_targets(item, tokens, &match, &agrees, err));
  if (item->label < 0 && match < 0) return refuse_target(item, err);
  if (item->label >= 0 && match >= 0 && !agrees) return refuse_label(item, match, err);
  if (item->label < 0) item->label = match;
  return STATUS_OK;
}
