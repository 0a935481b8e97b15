#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/array.h"
#include "data/examples/items_internal.h"
#include "data/file/stream.h"

static const ItemReader *const READERS[] = {[ITEMS_LINES] = &items_lines, [ITEMS_BBH] = &items_bbh};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the items");
}

/* ---- one item ---- */

/* An item that nobody judges may say what is right, and say it so that nothing is. */
static Status settle_told(const ItemSet *s, Item *item, Error *err) {
  TRY(item_settle_label(item, &s->keys.tokens, err));
  if (item->odd) item->label = -1;
  free(item->odd);
  item->odd = NULL;
  return STATUS_OK;
}

/* An item whose own text gives its choices. */
static Status settle_choices(const ItemSet *s, Item *item, Error *err) {
  TRY(item_compare_choices(item, &s->keys.tokens, err));
  bool unsaid = item->label < 0 && item->targets == 0; /* which of them is right */
  if (item->odd || (unsaid && (s->keys.use != ITEMS_CHOSEN || s->keys.partial))) return STATUS_OK;
  return s->keys.use == ITEMS_CHOSEN ? item_settle_label(item, &s->keys.tokens, err)
                                     : settle_told(s, item, err);
}

static Status settle_choiceless(const ItemSet *s, Item *item, Error *err) {
  if (!s->label_sets && s->keys.partial) return STATUS_OK;
  if (!s->label_sets) return item_set_odd(item, err, "%s", s->reader->choiceless);
  if (item->targets == 1) return STATUS_OK;
  return item_set_odd(item, err, "%s: got %d texts; choices from targets need one", s->keys.target,
                      item->targets);
}

/* Without a target of its own an item's answer is its label's choice. */
static Status settle_answer(const ItemSet *s, Item *item, Error *err) {
  if (item->targets > 0) return STATUS_OK;
  if (item->label < 0)
    return item_set_odd(item, err, "%s: is missing, so no answer can be right", s->keys.target);
  TRY(item_alloc_texts(&item->target, 1, err));
  TRY(item_copy_text(&item->target[0], item->choice[item->label], err));
  item->targets = 1;
  return STATUS_OK;
}

/* Item i of the file, but for the choices of a label set. */
static Status read_item(const ItemSet *s, int64_t i, Item *out, char **group, Error *err) {
  *out = (Item){.label = -1};
  *group = NULL;
  TRY(s->reader->read(s, i, out, group, err));
  if (s->keys.use == ITEMS_ANSWERED && !out->odd) return settle_answer(s, out, err);
  if (!s->ranks) return STATUS_OK;
  return out->choices > 0 ? settle_choices(s, out, err) : settle_choiceless(s, out, err);
}

static Status take_labels(const ItemSet *s, const char *group, Item *item, Error *err) {
  if (!s->label_sets || item->choices > 0 || item->odd) return STATUS_OK;
  TRY(label_sets_take(s->label_sets, group, item, err));
  if (s->keys.use != ITEMS_CHOSEN || item->choices > 1) return STATUS_OK;
  return item_set_odd(item, err,
                      "all targets of its label set are the same, so there is "
                      "nothing to choose");
}

/* Item i of the file, whole. */
static Status read_whole(const ItemSet *s, int64_t i, Item *out, Error *err) {
  char *group;
  Status status = read_item(s, i, out, &group, err);
  if (status == STATUS_OK) status = take_labels(s, group, out, err);
  free(group);
  if (status != STATUS_OK) item_free(out);
  return status;
}

/* ---- what is one, and what is left out ---- */

static Status note_overlap(const ItemSet *s, ItemOverlap *o, int64_t i, const char *text,
                           const char *first, Error *err) {
  char place[ITEMS_PLACE], *note;
  if (o->count++ > 0) return STATUS_OK;
  s->reader->place(s, i, place);
  if (asprintf(&note, "%s: '%.*s' and '%.*s'", place, item_shown(first), first, item_shown(text),
               text) < 0)
    return no_memory(err);
  o->first = note;
  return STATUS_OK;
}

static Status note_overlaps(ItemSet *s, int64_t i, const Item *item, Error *err) {
  for (int k = 0; item->alike && k < item->choices; k++) {
    const char *text = item->choice[k];
    if (item->same[k] < k) {
      TRY(note_overlap(s, &s->same, i, text, item->choice[item->same[k]], err));
    } else if (item->alike[k] < k) {
      TRY(note_overlap(s, &s->alike, i, text, item->choice[item->alike[k]], err));
    }
  }
  return STATUS_OK;
}

static Status add_label(ItemSet *s, int64_t i, const Item *item, const char *group, Error *err) {
  const char *text = item->target[0], *same, *alike;
  TRY(label_sets_add(s->label_sets, s->name, group, text, &same, &alike, err));
  if (same) TRY(note_overlap(s, &s->same, i, text, same, err));
  return alike ? note_overlap(s, &s->alike, i, text, alike, err) : STATUS_OK;
}

static Status leave_out(ItemSet *s, int64_t i, const Item *item, Error *err) {
  if (s->keys.strict) {
    char place[ITEMS_PLACE];
    s->reader->place(s, i, place);
    return error_set(err, STATUS_INPUT, "%s: %s; mend it, or leave it out without `strict`", place,
                     item->odd);
  }
  int64_t *grown = array_grow(s->odd, (size_t)s->odd_count, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  s->odd = grown;
  s->odd[s->odd_count++] = i;
  return STATUS_OK;
}

static Status check_item(ItemSet *s, int64_t i, Error *err) {
  Item item;
  char *group;
  Status status = read_item(s, i, &item, &group, err);
  if (status == STATUS_OK) status = note_overlaps(s, i, &item, err);
  if (status == STATUS_OK && item.odd) {
    status = leave_out(s, i, &item, err);
  } else if (status == STATUS_OK && s->label_sets && item.choices == 0) {
    status = add_label(s, i, &item, group, err);
  }
  item_free(&item);
  free(group);
  return status;
}

/* Once more, now that the label sets are whole and one of them gives nothing to choose. */
static Status check_labels(ItemSet *s, Error *err) {
  s->odd_count = 0;
  for (int64_t i = 0; i < s->total; i++) {
    Item item;
    TRY(read_whole(s, i, &item, err));
    Status status = item.odd ? leave_out(s, i, &item, err) : STATUS_OK;
    item_free(&item);
    TRY(status);
  }
  return STATUS_OK;
}

static Status refuse_all(const ItemSet *s, Error *err) {
  char *why;
  if (s->total == 0) return error_set(err, STATUS_INPUT, "%s: holds no items", s->name);
  TRY(items_why_left_out(s, 0, &why, err));
  Status status = error_set(err, STATUS_INPUT, "%s%s", why,
                            s->total > 1 ? " (and no other item can be asked)" : "");
  free(why);
  return status;
}

/* ---- the set ---- */

static Status copy_keys(ItemKeys *to, const ItemKeys *from, Error *err) {
  const ItemKeys none = {0}, *given = from ? from : &none;
  *to = *given;
  to->input = to->target = to->choices = to->label = to->instruction = NULL;
  TRY(item_copy_text((char **)&to->input, given->input ? given->input : "input", err));
  TRY(item_copy_text((char **)&to->target, given->target ? given->target : "target", err));
  TRY(item_copy_text((char **)&to->choices, given->choices ? given->choices : "choices", err));
  TRY(item_copy_text((char **)&to->label, given->label ? given->label : "label", err));
  return item_copy_text((char **)&to->instruction,
                        given->instruction ? given->instruction : "instruction", err);
}

static Status check_from(ItemSet *s, int64_t first, Error *err) {
  for (int64_t i = first; i < s->total; i++) TRY(check_item(s, i, err));
  return STATUS_OK;
}

static Status open_set(ItemSet *s, const char *path, const ItemKeys *keys, Error *err) {
  TRY(item_copy_text(&s->path, path, err));
  s->name = stream_name(s->path);
  TRY(copy_keys(&s->keys, keys, err));
  s->ranks = s->keys.use == ITEMS_RANKED || s->keys.use == ITEMS_CHOSEN;
  if (s->keys.choices_from_targets && s->ranks)
    TRY(label_sets_new(&s->label_sets, &s->keys.tokens, err));
  TRY(s->reader->open(s, err));
  TRY(check_from(s, 0, err));
  if (s->label_sets && s->keys.use == ITEMS_CHOSEN && label_sets_lack(s->label_sets))
    TRY(check_labels(s, err));
  return items_ended(s) && items_count(s) == 0 ? refuse_all(s, err) : STATUS_OK;
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

Status items_more(ItemSet *s, Error *err) {
  const int64_t before = s->total;
  TRY(s->reader->more(s, err));
  TRY(check_from(s, before, err));
  return items_ended(s) && items_count(s) == 0 ? refuse_all(s, err) : STATUS_OK;
}

bool items_ended(const ItemSet *s) {
  return !s->lines || jsonl_ended(s->lines);
}

void items_close(ItemSet *s) {
  if (!s) return;
  jsonl_close(s->lines);
  json_free(&s->doc);
  label_sets_free(s->label_sets);
  free((char *)s->keys.input);
  free((char *)s->keys.target);
  free((char *)s->keys.choices);
  free((char *)s->keys.label);
  free((char *)s->keys.instruction);
  free((char *)s->same.first);
  free((char *)s->alike.first);
  free(s->odd);
  free(s->path);
  free(s);
}

int64_t items_count(const ItemSet *s) {
  return s->total - s->odd_count;
}

const char *items_hash(const ItemSet *s) {
  return s->lines ? jsonl_hash(s->lines) : s->hash;
}

const char *items_path(const ItemSet *s) {
  return s->name;
}

/* How many odd items stand before item i of those that can be asked. */
static int64_t odd_before(const ItemSet *s, int64_t i) {
  int64_t low = 0, high = s->odd_count;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (s->odd[middle] - middle <= i) { /* so many others stand before it */
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Status items_get(const ItemSet *s, int64_t i, Item *out, Error *err) {
  return read_whole(s, i + odd_before(s, i), out, err);
}

int64_t items_left_out(const ItemSet *s, int64_t asked) {
  return asked < items_count(s) ? odd_before(s, asked - 1) : s->odd_count;
}

Status items_why_left_out(const ItemSet *s, int64_t k, char **why, Error *err) {
  Item item;
  char place[ITEMS_PLACE];
  *why = NULL;
  TRY(read_whole(s, s->odd[k], &item, err));
  s->reader->place(s, s->odd[k], place);
  if (asprintf(why, "%s: %s", place, item.odd) < 0) *why = NULL;
  item_free(&item);
  return *why ? STATUS_OK : no_memory(err);
}

ItemOverlap items_same(const ItemSet *s) {
  return s->same;
}

ItemOverlap items_alike(const ItemSet *s) {
  return s->alike;
}
