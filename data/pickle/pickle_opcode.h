/* pickle_opcode: the opcodes of a pickle that carry a value or a name. Internal to pickle*.c.
 *
 * An opcode does its work with one argument, which the table of pickle.c gives it. */
#ifndef SKEIN_PICKLE_OPCODE_H
#define SKEIN_PICKLE_OPCODE_H

#include "data/pickle/pickle_machine.h"

/* The next bytes, and a little-endian number in them; STATUS_INPUT where fewer are left. */
Status opcode_take(PickleMachine *m, uint64_t count, const unsigned char **bytes, Error *err);
Status opcode_number(PickleMachine *m, int bytes, uint64_t *number, Error *err);

typedef Status Opcode(PickleMachine *m, int argument, Error *err);

Opcode opcode_none;       /* None; the argument means nothing */
Opcode opcode_bool;       /* the argument */
Opcode opcode_empty;      /* of the kind that is the argument: a tuple, a list, a dictionary */
Opcode opcode_unsigned;   /* an integer in as many bytes as the argument says */
Opcode opcode_signed;     /* the same in two's complement */
Opcode opcode_long;       /* the same behind its number of bytes, which has as many bytes */
Opcode opcode_float;      /* IEEE 754 double, big-endian; the argument means nothing */
Opcode opcode_text;       /* UTF-8 behind its number of bytes, which has as many bytes */
Opcode opcode_name;       /* a module and a name, each a line; the argument means nothing */
Opcode opcode_stack_name; /* the same as strings on the stack */
Opcode opcode_frame;      /* read over */

#endif
