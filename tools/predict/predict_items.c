#include "tools/predict/predict_items.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/shell/console.h"

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
