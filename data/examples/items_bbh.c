/* Items of a BIG-bench Hard file: one JSON document, of which it reads examples[].input and
 * .target. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/examples/items_internal.h"
#include "data/file/stream.h"

static Status hash_text(const char *text, size_t size, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the items");
  hash_add(hash, text, size);
  hash_finish(hash, hex);
  return STATUS_OK;
}

static Status open_bbh(ItemSet *s, Error *err) {
  char *text;
  size_t size;
  s->doc = (JsonDoc){.file = s->name};
  TRY((s->keys.source == ITEMS_OF_FILE ? file_read : stream_read)(s->path, JSONL_LINE_MAX, &text,
                                                                  &size, err));
  Status status = json_parse(&s->doc, text, size, err);
  if (status == STATUS_OK) status = hash_text(text, size, s->hash, err);
  free(text);
  if (status == STATUS_OK) status = json_get_array(&s->doc, "examples", &s->examples, err);
  if (status == STATUS_OK) s->total = (int64_t)json_array_size(s->examples);
  return status;
}

/* The letter of a line "(A) ...", else 0. */
static char option_letter(const char *line, size_t size) {
  bool option = size >= 3 && line[0] == '(' && line[1] >= 'A' && line[1] <= 'Z' && line[2] == ')' &&
                (size == 3 || line[3] == ' ');
  return option ? line[1] : '\0';
}

/* How many options "(A) ...", "(B) ..." the text ends in, a line each, in order; 0 unless they
 * begin with (A). */
static int count_options(const char *text) {
  size_t end = strlen(text);
  while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' ')) end--;
  int count = 0;
  for (char want = '\0'; end > 0; want--) {
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != '\n') begin--;
    char letter = option_letter(text + begin, end - begin);
    if (!letter || (count > 0 && letter != want)) return 0;
    want = letter;
    count++;
    if (letter == 'A') return count;
    end = begin > 0 ? begin - 1 : 0;
  }
  return 0;
}

static Status letter_choices(Item *out, int count, Error *err) {
  TRY(item_alloc_texts(&out->choice, (size_t)count, err));
  for (; out->choices < count; out->choices++) {
    char letter[] = {'(', (char)('A' + out->choices), ')', '\0'};
    TRY(item_copy_text(&out->choice[out->choices], letter, err));
  }
  return STATUS_OK;
}

static void bbh_place(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]) {
  snprintf(place, ITEMS_PLACE, "%s: examples[%" PRId64 "]", s->name, i);
}

static Status read_target(const JsonDoc *doc, Item *out, Error *err) {
  const char *target;
  TRY(json_get_string(doc, "target", &target, err));
  TRY(item_alloc_texts(&out->target, 1, err));
  TRY(item_copy_text(&out->target[0], target, err));
  out->targets = 1;
  return STATUS_OK;
}

static Status read_bbh(const ItemSet *s, int64_t i, Item *out, char **group, Error *err) {
  char place[ITEMS_PLACE], number[24];
  bbh_place(s, i, place);
  snprintf(number, sizeof number, "%" PRId64, i);
  JsonDoc doc = {.root = json_array_get(s->examples, (size_t)i), .file = place};
  const char *input;
  bool judged = s->keys.use == ITEMS_CHOSEN || s->keys.use == ITEMS_ANSWERED;
  TRY(json_get_string(&doc, "input", &input, err));
  TRY(item_copy_text(group, "", err));
  TRY(item_copy_text(&out->id, number, err));
  TRY(item_copy_text(&out->input, input, err));
  bool told = s->ranks && json_is_string(json_object_get(doc.root, "target"));
  if (judged || s->label_sets || told) TRY(read_target(&doc, out, err));
  int options = s->ranks ? count_options(input) : 0;
  return options > 0 ? letter_choices(out, options, err) : STATUS_OK;
}

const ItemReader items_bbh = {
    open_bbh, NULL, read_bbh, bbh_place,
    "the input ends in no options \"(A) ...\"; take choices from the targets (score "
    "--choices-from-targets, in an evaluation choices_from_targets: true)"};
