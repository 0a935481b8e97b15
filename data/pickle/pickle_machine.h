/* pickle_machine: the stack and the memo of a pickle that is being read. Internal to pickle*.c. */
#ifndef SKEIN_PICKLE_MACHINE_H
#define SKEIN_PICKLE_MACHINE_H

#include "data/pickle/pickle.h"

typedef struct PickleMachine {
  const char *file;
  const unsigned char *data;
  size_t size, at; /* `at` of the next byte */
  size_t op;       /* where the opcode at hand is, for messages */
  Pickle *pickle;
  PickleId *stack;
  size_t depth;
  size_t *mark; /* heights of the stack */
  size_t marks;
  PickleId *memo; /* a value's index + 1; 0: nothing was put */
  size_t memos, filled;
} PickleMachine;

/* STATUS_INPUT, "<file>: data.pkl: byte <op>: ...". */
Status machine_refuse(const PickleMachine *m, Error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a value on the stack; it takes the items of the value, also on failure. */
Status machine_push(PickleMachine *m, PickleValue value, Error *err);
Status machine_push_id(PickleMachine *m, PickleId id, Error *err);
/* The value on top, taken off; nothing below the last mark is. */
Status machine_pop(PickleMachine *m, PickleId *id, Error *err);
Status machine_mark(PickleMachine *m, Error *err);
/* The last `count` values, or those above the last mark, which goes away, as a tuple. */
Status machine_tuple(PickleMachine *m, size_t count, Error *err);
Status machine_marked_tuple(PickleMachine *m, Error *err);
/* The same, moved into the list or dictionary (keys and values) that is below them. */
Status machine_append(PickleMachine *m, PickleKind kind, size_t count, Error *err);
Status machine_append_marked(PickleMachine *m, PickleKind kind, Error *err);
/* The value on top into the memo, and out of it. */
Status machine_put(PickleMachine *m, uint64_t at, Error *err);
Status machine_get(PickleMachine *m, uint64_t at, Error *err);
static inline PickleValue *machine_value(const PickleMachine *m, PickleId id) {
  return &m->pickle->value[id];
}

/* What the names of pickle.h stand for (pickle_torch.c). */

/* Pushes the value of a name. */
Status machine_name(PickleMachine *m, const char *module, size_t module_size, const char *name,
                    size_t name_size, Error *err);
/* REDUCE: the value that a name makes of a tuple of arguments. */
Status machine_reduce(PickleMachine *m, Error *err);
/* BINPERSID: a storage. */
Status machine_storage(PickleMachine *m, Error *err);
/* BUILD: the attributes of an OrderedDict. */
Status machine_build(PickleMachine *m, Error *err);

#endif
