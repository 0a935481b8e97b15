/* The opcodes that carry a value in their bytes. */
#include <string.h>

#include "data/pickle/pickle_opcode.h"
#include "data/text/utf8.h"

/* Bytes. */

Status opcode_take(PickleMachine *m, uint64_t count, const unsigned char **bytes, Error *err) {
  *bytes = m->data + m->at;
  if (count > m->size - m->at) {
    return machine_refuse(m, err, "wants %ju bytes, %zu are left", (uintmax_t)count,
                          m->size - m->at);
  }
  m->at += (size_t)count;
  return STATUS_OK;
}

Status opcode_number(PickleMachine *m, int bytes, uint64_t *number, Error *err) {
  const unsigned char *at;
  *number = 0;
  TRY(opcode_take(m, (uint64_t)bytes, &at, err));
  for (int i = 0; i < bytes; i++) *number |= (uint64_t)at[i] << 8 * i;
  return STATUS_OK;
}

/* Values. */

Status opcode_none(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  return machine_push(m, (PickleValue){.kind = PICKLE_NONE}, err);
}

Status opcode_bool(PickleMachine *m, int value, Error *err) {
  return machine_push(m, (PickleValue){.kind = PICKLE_BOOL, .integer = value}, err);
}

Status opcode_empty(PickleMachine *m, int kind, Error *err) {
  return machine_push(m, (PickleValue){.kind = (PickleKind)kind, .item = NULL}, err);
}

Status opcode_unsigned(PickleMachine *m, int bytes, Error *err) {
  uint64_t number;
  TRY(opcode_number(m, bytes, &number, err));
  return machine_push(m, (PickleValue){.kind = PICKLE_INT, .integer = (int64_t)number}, err);
}

/* Two's complement, in `count` bytes. */
static Status push_signed(PickleMachine *m, uint64_t count, Error *err) {
  const unsigned char *at;
  TRY(opcode_take(m, count, &at, err));
  if (count > sizeof(int64_t)) {
    return machine_push(m, (PickleValue){.kind = PICKLE_LONG, .integer = (int64_t)count}, err);
  }
  uint64_t bits = 0;
  for (uint64_t i = 0; i < count; i++) bits |= (uint64_t)at[i] << 8 * i;
  bool negative = count > 0 && at[count - 1] & 0x80;
  if (negative && count < sizeof bits) bits |= UINT64_MAX << 8 * count;
  return machine_push(m, (PickleValue){.kind = PICKLE_INT, .integer = (int64_t)bits}, err);
}

Status opcode_signed(PickleMachine *m, int bytes, Error *err) {
  return push_signed(m, (uint64_t)bytes, err);
}

Status opcode_long(PickleMachine *m, int width, Error *err) {
  uint64_t count;
  TRY(opcode_number(m, width, &count, err));
  return push_signed(m, count, err);
}

Status opcode_float(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  const unsigned char *at;
  uint64_t bits = 0;
  double real;
  TRY(opcode_take(m, sizeof bits, &at, err));
  for (size_t i = 0; i < sizeof bits; i++) bits = bits << 8 | at[i];
  memcpy(&real, &bits, sizeof real);
  return machine_push(m, (PickleValue){.kind = PICKLE_FLOAT, .real = real}, err);
}

Status opcode_text(PickleMachine *m, int width, Error *err) {
  uint64_t size;
  const unsigned char *bytes;
  TRY(opcode_number(m, width, &size, err));
  TRY(opcode_take(m, size, &bytes, err));
  const char *text = (const char *)bytes;
  if (utf8_valid(text, (size_t)size) != size) {
    return machine_refuse(m, err, "a string that is not UTF-8");
  }
  PickleValue value = {.kind = PICKLE_TEXT, .text = text, .size = (size_t)size};
  return machine_push(m, value, err);
}

/* Names. */

/* Two lines: the module and the name in it. */
Status opcode_name(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  const char *text = (const char *)m->data + m->at;
  size_t left = m->size - m->at;
  const char *first = memchr(text, '\n', left);
  const char *second = first ? memchr(first + 1, '\n', left - (size_t)(first + 1 - text)) : NULL;
  if (!second) return machine_refuse(m, err, "a name that does not end");
  m->at += (size_t)(second + 1 - text);
  return machine_name(m, text, (size_t)(first - text), first + 1, (size_t)(second - first - 1),
                      err);
}

Status opcode_stack_name(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  PickleId name, module;
  TRY(machine_pop(m, &name, err));
  TRY(machine_pop(m, &module, err));
  const PickleValue *a = machine_value(m, module), *b = machine_value(m, name);
  if (a->kind != PICKLE_TEXT || b->kind != PICKLE_TEXT) {
    return machine_refuse(m, err, "a name: got %s and %s, want two strings", pickle_kind(a->kind),
                          pickle_kind(b->kind));
  }
  return machine_name(m, a->text, a->size, b->text, b->size, err);
}

/* Frames tell how much to read ahead, which nobody here does. */
Status opcode_frame(PickleMachine *m, int argument, Error *err) {
  (void)argument;
  uint64_t size;
  TRY(opcode_number(m, 8, &size, err));
  if (size <= m->size - m->at) return STATUS_OK;
  return machine_refuse(m, err, "a frame of %ju bytes, %zu are left", (uintmax_t)size,
                        m->size - m->at);
}
