#include "tools/predict/predict_items.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 3 }; /* items that are named one by one */

/* Texts of the file may hold controls; an Error's text holds none. */
static void tell_line(const char *text) {
  Error line = {0};
  error_set(&line, STATUS_INPUT, "%s", text);
  console_note(NULL, "  %s", line.text);
}

static Status tell_odd(const ItemSet *items, int64_t odd, Error *err) {
  for (int64_t k = 0; k < odd && k < NAMED; k++) {
    char *why;
    TRY(items_why_left_out(items, k, &why, err));
    tell_line(why);
    free(why);
  }
  if (odd > NAMED) console_note(NULL, "  and %" PRId64 " more", odd - NAMED);
  return STATUS_OK;
}

static void tell_overlap(const ItemSet *items, ItemOverlap overlap, const char *what) {
  if (overlap.count == 0) return;
  console_note(NULL, "%s: %" PRId64 " %s %s; the first:", items_path(items), overlap.count,
               overlap.count == 1 ? "choice is" : "choices are", what);
  tell_line(overlap.first);
}

Status predict_tell_items(const ItemSet *items, int64_t asked, Error *err) {
  int64_t odd = items_left_out(items, asked);
  tell_overlap(items, items_same(items), "the same as one before, and count as one with it");
  tell_overlap(
      items, items_alike(items),
      "to the model the same as one before (it has no pieces for the difference, or sees it "
      "cut off), which then counts as its choice");
  if (odd == 0) return STATUS_OK;
  console_note(NULL, "%s: %" PRId64 " of %" PRId64 " items %s left out:", items_path(items), odd,
               asked + odd, odd == 1 ? "is" : "are");
  return tell_odd(items, odd, err);
}

/* Appends a formatted part to the line, behind "; " where it is not the first. */
static void __attribute__((format(printf, 3, 4)))
add_part(char *line, size_t size, const char *format, ...) {
  size_t used = strlen(line);
  const char *before = used ? "; " : "";
  used += (size_t)snprintf(line + used, size - used, "%s", before);
  va_list args;
  va_start(args, format);
  vsnprintf(line + used, size - used, format, args);
  va_end(args);
}

void predict_tell_loss(Progress *progress, const char *path, const PredictLoss *loss,
                       int64_t max_input, int64_t max_target) {
  char line[512] = "";
  const SequenceLoss *in = &loss->input, *out = &loss->choice;
  int64_t unknown = in->unknown + out->unknown;
  if (in->cut > 0)
    add_part(line, sizeof line, "%" PRId64 " of %" PRId64 " inputs were cut at %" PRId64 " tokens",
             in->cut, in->texts, max_input);
  if (out->cut > 0)
    add_part(line, sizeof line, "%" PRId64 " of %" PRId64 " choices were cut at %" PRId64 " tokens",
             out->cut, out->texts, max_target);
  if (unknown > 0)
    add_part(line, sizeof line, "%" PRId64 " of %" PRId64 " tokens are unknown to the vocabulary",
             unknown, in->tokens + out->tokens);
  if (loss->unknown_choices > 0)
    add_part(line, sizeof line, "of %" PRId64 " choices all are, and their scores are not theirs",
             loss->unknown_choices);
  if (*line) console_note(progress, "%s: %s", path, line);
}
