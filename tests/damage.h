/* damage: a file that is read again and again, every time damaged in other places. */
#ifndef SKEIN_TESTS_DAMAGE_H
#define SKEIN_TESTS_DAMAGE_H

#include <stdint.h>

#include "tests/scratch.h"

typedef struct Damage {
  const char *file;         /* in the scratch folder, sound */
  const char *const *piece; /* of the format's own syntax (tests/mutate.h) */
  size_t pieces;
  size_t head;     /* damage goes to so many bytes from the beginning; 0: to all */
  uint64_t rounds; /* each is a seed */
  /* Reads what is in `dir`, and fails the test where it is neither refused nor sound. */
  Status (*read)(const char *dir, void *arg, Error *err);
  void *arg;
  Status also; /* of a refusal, beside those below; STATUS_OK: none */
} Damage;

/* Reads the file sound, which must succeed, and then damaged in every round: a refusal is of what
 * the file says (STATUS_INPUT or STATUS_MISMATCH) and its line names the folder. More than a
 * quarter of the rounds must be refused. The file is put back. */
void damage_file(Scratch *s, const Damage *d);

/* Reads the file cut off at every fiftieth of its size, and says how many of these were refused, as
 * above; some are whole without their end. The file is put back. */
enum { DAMAGE_CUTS = 50 };
int damage_cut(Scratch *s, const Damage *d);

/* One damage by hand: the first `from` in the file becomes `to`, it is read, and it is put back. */
typedef struct Change {
  const char *from, *to;
  size_t size; /* of both, where they hold NUL bytes; 0: texts */
} Change;
Status damage_by_hand(Scratch *s, const Damage *d, Change change, Error *err);

#endif
