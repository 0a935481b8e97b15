#include "data/pickle/pickle.h"

#include <stdlib.h>

#include "data/pickle/pickle_opcode.h"

enum { PROTOCOL_FIRST = 2, PROTOCOL_LAST = 5 };

void pickle_close(Pickle *p) {
  for (size_t i = 0; i < p->count; i++) {
    if (pickle_has_items(p->value[i].kind)) free(p->value[i].item);
  }
  free(p->value);
  *p = (Pickle){0};
}

/* Opcodes that put values together. */

static Status marked_tuple(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_marked_tuple(m, err);
}

static Status tuple(PickleMachine *m, int count, Error *err) {
  return machine_tuple(m, (size_t)count, err);
}

static Status mark(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_mark(m, err);
}

static Status append(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_append(m, PICKLE_LIST, 1, err);
}

static Status set_item(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_append(m, PICKLE_DICT, 2, err);
}

static Status append_marked(PickleMachine *m, int kind, Error *err) {
  return machine_append_marked(m, (PickleKind)kind, err);
}

static Status put(PickleMachine *m, int width, Error *err) {
  uint64_t at;
  TRY(opcode_number(m, width, &at, err));
  return machine_put(m, at, err);
}

static Status get(PickleMachine *m, int width, Error *err) {
  uint64_t at;
  TRY(opcode_number(m, width, &at, err));
  return machine_get(m, at, err);
}

static Status memoize(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_put(m, m->filled, err);
}

static Status reduce(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_reduce(m, err);
}

static Status build(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_build(m, err);
}

static Status persistent(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_storage(m, err);
}

/* All opcodes; those without a function are refused. */
static const struct {
  unsigned char code;
  const char *name;
  Opcode *run;
  int argument;
} OPCODES[] = {
    {'(', "MARK", mark, 0},
    {'N', "NONE", opcode_none, 0},
    {0x88, "NEWTRUE", opcode_bool, 1},
    {0x89, "NEWFALSE", opcode_bool, 0},
    {'J', "BININT", opcode_signed, 4},
    {'K', "BININT1", opcode_unsigned, 1},
    {'M', "BININT2", opcode_unsigned, 2},
    {0x8a, "LONG1", opcode_long, 1},
    {0x8b, "LONG4", opcode_long, 4},
    {'G', "BINFLOAT", opcode_float, 0},
    {'X', "BINUNICODE", opcode_text, 4},
    {0x8c, "SHORT_BINUNICODE", opcode_text, 1},
    {0x8d, "BINUNICODE8", opcode_text, 8},
    {')', "EMPTY_TUPLE", opcode_empty, PICKLE_TUPLE},
    {'t', "TUPLE", marked_tuple, 0},
    {0x85, "TUPLE1", tuple, 1},
    {0x86, "TUPLE2", tuple, 2},
    {0x87, "TUPLE3", tuple, 3},
    {']', "EMPTY_LIST", opcode_empty, PICKLE_LIST},
    {'a', "APPEND", append, 0},
    {'e', "APPENDS", append_marked, PICKLE_LIST},
    {'}', "EMPTY_DICT", opcode_empty, PICKLE_DICT},
    {'s', "SETITEM", set_item, 0},
    {'u', "SETITEMS", append_marked, PICKLE_DICT},
    {'q', "BINPUT", put, 1},
    {'r', "LONG_BINPUT", put, 4},
    {0x94, "MEMOIZE", memoize, 0},
    {'h', "BINGET", get, 1},
    {'j', "LONG_BINGET", get, 4},
    {'c', "GLOBAL", opcode_name, 0},
    {0x93, "STACK_GLOBAL", opcode_stack_name, 0},
    {'R', "REDUCE", reduce, 0},
    {'b', "BUILD", build, 0},
    {'Q', "BINPERSID", persistent, 0},
    {0x95, "FRAME", opcode_frame, 0},
    {0x80, "PROTO", NULL, 0}, /* but for the first */
    {0x81, "NEWOBJ", NULL, 0},
    {0x92, "NEWOBJ_EX", NULL, 0},
    {'i', "INST", NULL, 0},
    {'o', "OBJ", NULL, 0},
    {0x82, "EXT1", NULL, 0},
    {0x83, "EXT2", NULL, 0},
    {0x84, "EXT4", NULL, 0},
    {'P', "PERSID", NULL, 0},
    {'C', "SHORT_BINBYTES", NULL, 0},
    {'B', "BINBYTES", NULL, 0},
    {0x8e, "BINBYTES8", NULL, 0},
    {0x96, "BYTEARRAY8", NULL, 0},
    {0x97, "NEXT_BUFFER", NULL, 0},
    {0x98, "READONLY_BUFFER", NULL, 0},
    {0x8f, "EMPTY_SET", NULL, 0},
    {0x90, "ADDITEMS", NULL, 0},
    {0x91, "FROZENSET", NULL, 0},
    {'0', "POP", NULL, 0},
    {'1', "POP_MARK", NULL, 0},
    {'2', "DUP", NULL, 0},
    {'T', "BINSTRING", NULL, 0},
    {'U', "SHORT_BINSTRING", NULL, 0},
    {'S', "STRING", NULL, 0},
    {'V', "UNICODE", NULL, 0},
    {'I', "INT", NULL, 0},
    {'L', "LONG", NULL, 0},
    {'F', "FLOAT", NULL, 0},
    {'d', "DICT", NULL, 0},
    {'l', "LIST", NULL, 0},
    {'p', "PUT", NULL, 0},
    {'g', "GET", NULL, 0},
};

enum { OP_STOP = '.', OP_PROTOCOL = 0x80 };

static Status run_opcode(PickleMachine *m, uint64_t code, Error *err) {
  size_t i = 0, count = sizeof OPCODES / sizeof *OPCODES;
  while (i < count && OPCODES[i].code != code) i++;
  if (i < count && OPCODES[i].run) return OPCODES[i].run(m, OPCODES[i].argument, err);
  return machine_refuse(m, err,
                        "the opcode 0x%02x (%s) is refused, for only tensors in dictionaries and "
                        "lists are read and nothing is made",
                        (unsigned)code, i < count ? OPCODES[i].name : "unknown");
}

/* The whole. */

static Status read_protocol(PickleMachine *m, Error *err) {
  const unsigned char *first;
  if (m->size < 2 || m->data[0] != OP_PROTOCOL) {
    return machine_refuse(m, err, "does not begin like a pickle");
  }
  TRY(opcode_take(m, 2, &first, err));
  if (first[1] >= PROTOCOL_FIRST && first[1] <= PROTOCOL_LAST) return STATUS_OK;
  return machine_refuse(m, err, "pickle protocol %d, want %d to %d", first[1], PROTOCOL_FIRST,
                        PROTOCOL_LAST);
}

/* STOP: one value is left, and nothing follows. */
static Status stop(PickleMachine *m, Error *err) {
  if (m->depth != 1 || m->marks != 0) {
    return machine_refuse(m, err, "ends with %zu values on the stack, want 1", m->depth);
  }
  if (m->at < m->size) {
    return machine_refuse(m, err, "ends, and %zu bytes follow", m->size - m->at);
  }
  m->pickle->root = m->stack[0];
  return STATUS_OK;
}

static Status run(PickleMachine *m, Error *err) {
  TRY(read_protocol(m, err));
  for (;;) {
    uint64_t code;
    m->op = m->at;
    TRY(opcode_number(m, 1, &code, err));
    if (code == OP_STOP) return stop(m, err);
    TRY(run_opcode(m, code, err));
  }
}

Status pickle_read(Pickle *p, const unsigned char *data, size_t size, const char *file,
                   Error *err) {
  *p = (Pickle){0};
  PickleMachine m = {.file = file, .data = data, .size = size, .pickle = p};
  Status status =
      size <= PICKLE_BYTES
          ? run(&m, err)
          : error_set(err, STATUS_INPUT, "%s: data.pkl: has %zu bytes, at most %d are accepted",
                      file, size, PICKLE_BYTES);
  free(m.stack);
  free(m.mark);
  free(m.memo);
  if (status != STATUS_OK) pickle_close(p);
  return status;
}
