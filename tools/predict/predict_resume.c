#include "tools/predict/predict_resume.h"

#include <inttypes.h>
#include <string.h>

#include "data/file/kept.h"
#include "data/text/json.h"
#include "tools/predict/predict_identity.h"
#include "tools/shell/console.h"

/* The line says that it is of the item, and of scores which choice was made. */
static bool is_of_item(const JsonDoc *line, const Item *item, bool scored, int *prediction) {
  int64_t choice = 0;
  const char *id, *text;
  if (json_get_string(line, "id", &id, NULL) != STATUS_OK || strcmp(id, item->id) != 0)
    return false;
  if (!scored) return json_get_string(line, "output", &text, NULL) == STATUS_OK;
  if (json_get_int(line, "prediction", 0, item->choices - 1, &choice, NULL) != STATUS_OK)
    return false;
  *prediction = (int)choice;
  return true;
}

static Status take_line(const PredictParts *p, const PredictOptions *o, const char *text,
                        size_t size, int64_t i, Tally *tally, bool *taken, Error *err) {
  Item item;
  int prediction = 0;
  JsonDoc line = {.file = o->output};
  *taken = json_parse(&line, text, size, NULL) == STATUS_OK;
  if (!*taken) return STATUS_OK;
  Status status = items_get(p->items, i, &item, err);
  if (status == STATUS_OK) {
    *taken = is_of_item(&line, &item, !o->generates, &prediction);
    if (*taken && !o->generates) status = tally_add(tally, &item, prediction, err);
    item_free(&item);
  }
  json_free(&line);
  return status;
}

/* *size: of the lines that are right. */
static Status take_lines(const PredictParts *p, const PredictOptions *o, const MappedFile *lines,
                         Tally *tally, int64_t *done, size_t *size, Error *err) {
  const char *text = (const char *)lines->data;
  bool taken = true;
  while (*size < lines->size && *done < items_count(p->items)) {
    const char *newline = memchr(text + *size, '\n', lines->size - *size);
    if (!newline) break;
    size_t length = (size_t)(newline - text) - *size;
    TRY(take_line(p, o, text + *size, length, *done, tally, &taken, err));
    if (!taken) break;
    *size += length + 1;
    ++*done;
  }
  return STATUS_OK;
}

static void say(const PredictParts *p, const PredictOptions *o, int64_t done, bool dropped) {
  if (o->stats && dropped) {
    console_note(NULL, "%s: begins anew: --stats counts the tokens of all items", o->output);
  } else if (done > 0) {
    console_note(NULL, "%s: goes on: %" PRId64 " of %" PRId64 " lines are there", o->output, done,
                 items_count(p->items));
  }
}

Status predict_resume(AtomicFile *file, PredictParts *p, const PredictOptions *o, Tally *tally,
                      int64_t *done, Error *err) {
  char identity[HASH_HEX];
  MappedFile lines;
  size_t size = 0;
  *done = 0;
  TRY(predict_identity(p, o, identity, err));
  TRY(kept_open(file, o->output, identity, &lines, err));
  Status status = STATUS_OK;
  if (!o->stats) status = take_lines(p, o, &lines, tally, done, &size, err);
  if (status == STATUS_OK) say(p, o, *done, lines.size > 0);
  mapped_close(&lines);
  return status == STATUS_OK ? kept_go_on(file, size, err) : status;
}
