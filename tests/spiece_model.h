/* spiece_model: spiece.model files made by hand, and expectations on them. */
#ifndef SKEIN_TESTS_SPIECE_MODEL_H
#define SKEIN_TESTS_SPIECE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "data/tokenizer/tokenizer.h"
#include "tests/scratch.h"

/* A protobuf message under construction; `bytes` is owned. */
typedef struct Message {
  unsigned char *bytes;
  size_t size, room;
} Message;

void message_add(Message *m, const void *bytes, size_t size);
void message_bytes(Message *m, int field, const void *bytes, size_t size);
void message_number(Message *m, int field, uint64_t value);

enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER = 4, UNUSED = 5, BYTE = 6 };
enum { SCORE = 0xc0000000 /* -2 as f32 */ };

/* A piece of a model; `score` has the bits of an f32. */
void message_piece(Message *m, const char *text, size_t size, uint32_t score, uint64_t type);

/* pad, eos, unk, white space, a and b: ids 0 to 5. */
Message small_model(void);

Status open_model(Scratch *s, const void *bytes, size_t size, Tokenizer **t, Error *err);
/* Whatever the model is: an answer, and a tokenizer that works if it opens. */
Status try_model(Scratch *s, const void *bytes, size_t size, Error *err);
/* Refuses the model with a line that has each of the words ('|' between them), and frees it. */
void refuse_model(Scratch *s, const char *what, Message m, const char *words);

#endif
