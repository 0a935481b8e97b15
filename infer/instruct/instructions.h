/* instructions: files of instructions, JSONL with an object a line:
 *
 *   KEY          VALUE
 *   name         of the expert or task
 *   instruction  its text
 *   sample       optional: number of the sample of examples that it was written from, from 0
 *   question     optional: SHA-256 of all that the answer depends on (instruct_ask.h)
 *
 * The instruction of a name is that of its first line. Other keys are not read. */
#ifndef SKEIN_INSTRUCTIONS_H
#define SKEIN_INSTRUCTIONS_H

#include <stdint.h>

#include "data/file/hash.h"

typedef struct Instruction {
  char *name, *text;
  int64_t sample;
  char question[HASH_HEX]; /* "": not said */
} Instruction;

typedef struct Instructions {
  Instruction *line; /* [count] in the order of the file */
  int count;
} Instructions;

/* STATUS_INPUT naming file, line and key; a file without lines is no error. */
Status instructions_read(Instructions *i, const char *path, Error *err);
/* Whole or not at all. */
Status instructions_write(const Instructions *i, const char *path, Error *err);
void instructions_free(Instructions *i); /* a zeroed Instructions is allowed */

/* Appends a line; the texts are copied. */
Status instructions_add(Instructions *i, const char *name, int64_t sample, const char *question,
                        const char *text, Error *err);
/* The first line with the question, or with the name; NULL: there is none. */
const Instruction *instructions_answer(const Instructions *i, const char *question);
const Instruction *instructions_find(const Instructions *i, const char *name);

#endif
