#include <stdlib.h>
#include <string.h>

#include "autograd/ground/rng.h"
#include "infer/instruct/instruct.h"

enum { RNG_EXAMPLES = 0x1257c7 }; /* what the numbers are for */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the examples of an instruction");
}

/* ---- the sample ---- */

/* A copy of the text's first whole characters. */
static Status cut_text(char **out, bool *cut, const char *text, size_t most, Error *err) {
  size_t size = strlen(text);
  if (size > most) {
    *cut = true;
    for (size = most; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;) size--;
  }
  *out = strndup(text, size);
  return *out ? STATUS_OK : no_memory(err);
}

static Status take_item(InstructExample *e, const Item *item, size_t most, Error *err) {
  const char *output = item->targets > 0 ? item->target[0] : item->choice[item->label];
  TRY(cut_text(&e->input, &e->cut, item->input, most, err));
  TRY(cut_text(&e->output, &e->cut, output, most, err));
  e->id = strdup(item->id);
  return e->id ? STATUS_OK : no_memory(err);
}

/* The number that the file's text has among all files, whatever its name. */
static uint64_t file_number(const ItemSet *items) {
  char digits[17] = "";
  memcpy(digits, items_hash(items), sizeof digits - 1);
  return strtoull(digits, NULL, 16);
}

static Status read_drawn(InstructSample *s, const ItemSet *items, const int64_t *drawn, int count,
                         size_t most, Error *err) {
  for (; s->count < count; s->count++) {
    Item item;
    TRY(items_get(items, drawn[s->count], &item, err));
    Status status = take_item(&s->example[s->count], &item, most, err);
    item_free(&item);
    if (status == STATUS_OK) continue;
    s->count++; /* what it has is freed with the sample */
    return status;
  }
  return STATUS_OK;
}

Status instruct_sample(InstructSample *s, const ItemSet *items, int count, uint64_t seed,
                       int number, size_t most, Error *err) {
  *s = (InstructSample){0};
  int64_t of = items_count(items);
  if (count > of) count = (int)of;
  int64_t *drawn = calloc((size_t)count, sizeof *drawn);
  s->example = calloc((size_t)count, sizeof *s->example);
  Status status = drawn && s->example ? STATUS_OK : no_memory(err);
  if (status == STATUS_OK) {
    rng_draw(rng_key(seed, (uint64_t)number, file_number(items), RNG_EXAMPLES), count, of, drawn);
    status = read_drawn(s, items, drawn, count, most, err);
  }
  free(drawn);
  return status;
}

void instruct_sample_free(InstructSample *s) {
  for (int i = 0; i < s->count; i++) {
    free(s->example[i].input);
    free(s->example[i].output);
    free(s->example[i].id);
  }
  free(s->example);
  *s = (InstructSample){0};
}

int64_t instruct_tokens(const char *text) {
  return (int64_t)(strlen(text) + 3) / 4;
}
