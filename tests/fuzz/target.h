/* target: what every reader of bytes from outside is fuzzed by.
 *
 * A target is a row of the table of its room: the name that the bytes get in a folder of their own,
 * what stands beside them there, and a function that reads them. `fuzzer` gives it the bytes that
 * libFuzzer finds (`make fuzz`), `replay` those of its seeds and those that once were found
 * (tests/fuzz/found/NAME), with any compiler (`make test`). A new reader is a new row.
 *
 * Beyond what the sanitizers watch, a target says what must hold: what was read can be written and
 * read again, two readers agree, a refusal is one line that names the file. */
#ifndef SKEIN_TESTS_FUZZ_TARGET_H
#define SKEIN_TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Input {
  const char *dir;  /* the folder */
  const char *path; /* of the file in it that holds the bytes; NULL: none does */
  const char *bytes;
  size_t size;
  void *world; /* what the target's world returned */
} Input;

typedef struct Target {
  const char *name;
  const char *file;  /* NULL: the reader takes no file */
  const char *seeds; /* patterns of files from the root of the tree on, with blanks between them */
  const char *words; /* tests/fuzz/<words>.dict: of the syntax; NULL: none */
  size_t most;       /* bytes of an input */
  /* Makes what stands beside the file; a sound file that it leaves is a seed. NULL: nothing. */
  void *(*world)(const char *dir);
  void (*end)(void *world); /* NULL: there is nothing to free */
  void (*run)(const Input *in);
} Target;

extern const Target json_targets[], text_targets[], tensor_targets[], tokenizer_targets[],
    example_targets[], t5_targets[], expert_targets[], released_targets[], pool_targets[],
    eval_targets[], compare_targets[], train_targets[], plot_targets[], instruct_targets[],
    sentence_targets[];

/* The targets of all rooms, one by one; NULL behind the last. */
const Target *target_at(size_t i);
const Target *target_find(const char *name); /* NULL: there is none */

/* A target with its folder, which is removed at the end. */
typedef struct Stage {
  const Target *target;
  char *dir, *path;
  void *world;
} Stage;

Stage stage_open(const Target *target);
void stage_run(const Stage *s, const void *bytes, size_t size);
void stage_close(Stage *s);

/* ---- for the targets ---- */

/* Ends the program, saying where, unless it holds. */
#define MUST(holds) must(holds, #holds, __FILE__, __LINE__)
void must(bool holds, const char *what, const char *file, int line);

/* Whether a reader took its input. Where it did not, the error is one of the input, one line, and,
 * where it is of a file, names the folder. */
bool taken(const Input *in, Status got, const Error *err);
/* What must not fail: it was read before, or was made here. */
void sound(Status got, const Error *err);

/* <in->dir>/<name>, which the caller frees. */
char *place(const Input *in, const char *name);
/* Sets the sums of the members of a zip archive to 0, which stands for none: no fuzzer guesses one.
 */
void forget_sums(const Input *in);
/* Copies a file of tests/golden into the folder, under the last part of its name. */
void borrow(const char *dir, const char *golden);

#endif
