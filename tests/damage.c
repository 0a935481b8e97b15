#include "tests/damage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/mutate.h"

enum { LARGEST = 1 << 20 };

static char *read_sound(Scratch *s, const char *name, size_t *size) {
  char *text;
  Error err = {0};
  expect_ok(name, file_read(scratch_path(s, name), LARGEST, &text, size, &err), &err);
  return text;
}

/* Whether the file of this round was refused, and as it should be. */
static bool refuses(Scratch *s, const Damage *d, uint64_t round) {
  Error err = {0};
  Status got = d->read(s->dir, d->arg, &err);
  assert_int_equal(got, err.status);
  if (got == STATUS_OK) return false;
  if (got != STATUS_INPUT && got != STATUS_MISMATCH && got != d->also) {
    fail_msg("round %d: status %d (%s)", (int)round, (int)got, err.text);
  }
  if (!strstr(err.text, s->dir)) fail_msg("round %d: names no file: %s", (int)round, err.text);
  expect_error(d->file, got, &err, got, "");
  return true;
}

void damage_file(Scratch *s, const Damage *d) {
  Error err = {0};
  size_t size;
  char *sound = read_sound(s, d->file, &size);
  expect_ok(d->file, d->read(s->dir, d->arg, &err), &err);
  size_t head = d->head && d->head < size ? d->head : size;
  unsigned char *bytes = malloc(size);
  assert_non_null(bytes);
  uint64_t refused = 0;
  for (uint64_t round = 0; round < d->rounds; round++) {
    Rng rng = {.key = rng_key(round, 0, 0, 0)};
    memcpy(bytes, sound, size);
    size_t left = mutate(bytes, head, d->piece, d->pieces, &rng);
    scratch_write(s, d->file, bytes, left < head ? left : size);
    refused += refuses(s, d, round);
  }
  assert_true(refused > d->rounds / 4);
  scratch_write(s, d->file, sound, size);
  free(bytes);
  free(sound);
}

int damage_cut(Scratch *s, const Damage *d) {
  size_t size;
  int refused = 0;
  char *sound = read_sound(s, d->file, &size);
  for (size_t cut = 0; cut < DAMAGE_CUTS; cut++) {
    scratch_write(s, d->file, sound, size * cut / DAMAGE_CUTS);
    refused += refuses(s, d, cut);
  }
  scratch_write(s, d->file, sound, size);
  free(sound);
  return refused;
}

Status damage_by_hand(Scratch *s, const Damage *d, Change change, Error *err) {
  size_t size, from = change.size ? change.size : strlen(change.from);
  size_t to = change.size ? change.size : strlen(change.to);
  char *sound = read_sound(s, d->file, &size), *changed = malloc(size - from + to);
  const char *at = memmem(sound, size, change.from, from);
  assert_non_null(changed);
  if (!at) fail_msg("%s has no '%s'", d->file, change.from);
  size_t before = (size_t)(at - sound), after = before + from;
  memcpy(changed, sound, before);
  memcpy(changed + before, change.to, to);
  memcpy(changed + before + to, sound + after, size - after);
  scratch_write(s, d->file, changed, size - from + to);
  Status status = d->read(s->dir, d->arg, err);
  scratch_write(s, d->file, sound, size);
  free(changed);
  free(sound);
  return status;
}
