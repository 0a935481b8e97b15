#include "data/pickle/pickle_machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"

enum { NESTED_MARKS = 1000 };

Status machine_refuse(const PickleMachine *m, Error *err, const char *format, ...) {
  char text[ERROR_TEXT / 2];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return error_set(err, STATUS_INPUT, "%s: data.pkl: byte %zu: %s", m->file, m->op, text);
}

static Status no_memory(const PickleMachine *m, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory: data.pkl", m->file);
}

Status machine_push_id(PickleMachine *m, PickleId id, Error *err) {
  PickleId *grown = array_grow(m->stack, m->depth, 1, sizeof *grown);
  if (!grown) return no_memory(m, err);
  m->stack = grown;
  m->stack[m->depth++] = id;
  if (m->depth <= PICKLE_VALUES) return STATUS_OK;
  return machine_refuse(m, err, "more than %d values on the stack", PICKLE_VALUES);
}

Status machine_push(PickleMachine *m, PickleValue value, Error *err) {
  Pickle *p = m->pickle;
  PickleValue *grown = array_grow(p->value, p->count, 1, sizeof *grown);
  if (!grown) {
    if (pickle_has_items(value.kind)) free(value.item);
    return no_memory(m, err);
  }
  p->value = grown;
  p->value[p->count++] = value;
  if (p->count > PICKLE_VALUES) {
    return machine_refuse(m, err, "more than %d values", PICKLE_VALUES);
  }
  return machine_push_id(m, (PickleId)(p->count - 1), err);
}

/* Values above the last mark. */
static size_t above_mark(const PickleMachine *m) {
  return m->depth - (m->marks > 0 ? m->mark[m->marks - 1] : 0);
}

Status machine_pop(PickleMachine *m, PickleId *id, Error *err) {
  *id = 0;
  if (above_mark(m) == 0) return machine_refuse(m, err, "nothing is on the stack");
  *id = m->stack[--m->depth];
  return STATUS_OK;
}

/* The value on top, left there. */
static Status top(const PickleMachine *m, PickleId *id, Error *err) {
  *id = 0;
  if (above_mark(m) == 0) return machine_refuse(m, err, "nothing is on the stack");
  *id = m->stack[m->depth - 1];
  return STATUS_OK;
}

Status machine_mark(PickleMachine *m, Error *err) {
  if (m->marks == NESTED_MARKS) {
    return machine_refuse(m, err, "is nested more than %d deep", NESTED_MARKS);
  }
  size_t *grown = array_grow(m->mark, m->marks, 1, sizeof *grown);
  if (!grown) return no_memory(m, err);
  m->mark = grown;
  m->mark[m->marks++] = m->depth;
  return STATUS_OK;
}

/* Takes the last mark away; the values above it stay on the stack and are counted. */
static Status close_mark(PickleMachine *m, size_t *count, Error *err) {
  if (m->marks == 0) return machine_refuse(m, err, "no mark is on the stack");
  *count = above_mark(m);
  m->marks--;
  return STATUS_OK;
}

/* The last `count` values of the stack as a tuple; they are above the mark. */
Status machine_tuple(PickleMachine *m, size_t count, Error *err) {
  if (count > above_mark(m)) return machine_refuse(m, err, "nothing is on the stack");
  PickleId *item = malloc((count + 1) * sizeof *item);
  if (!item) return no_memory(m, err);
  m->depth -= count;
  if (count > 0) memcpy(item, m->stack + m->depth, count * sizeof *item);
  return machine_push(
      m, (PickleValue){.kind = PICKLE_TUPLE, .item = item, .count = (uint32_t)count}, err);
}

/* Moves the last `count` values of the stack into the list or dictionary below them. */
Status machine_append(PickleMachine *m, PickleKind kind, size_t count, Error *err) {
  PickleId to;
  if (count > above_mark(m)) return machine_refuse(m, err, "nothing is on the stack");
  m->depth -= count;
  TRY(top(m, &to, err));
  PickleValue *v = machine_value(m, to);
  if (v->kind != kind) {
    return machine_refuse(m, err, "adds to %s, want %s", pickle_kind(v->kind), pickle_kind(kind));
  }
  if (kind == PICKLE_DICT && count % 2 != 0) {
    return machine_refuse(m, err, "a key of a dictionary without a value");
  }
  if (count == 0) return STATUS_OK;
  if (v->count + count > PICKLE_VALUES) {
    return machine_refuse(m, err, "more than %d values", PICKLE_VALUES);
  }
  PickleId *grown = array_grow(v->item, v->count, count, sizeof *grown);
  if (!grown) return no_memory(m, err);
  v->item = grown;
  memcpy(v->item + v->count, m->stack + m->depth, count * sizeof *grown);
  v->count += (uint32_t)count;
  return STATUS_OK;
}

Status machine_append_marked(PickleMachine *m, PickleKind kind, Error *err) {
  size_t count = 0;
  TRY(close_mark(m, &count, err));
  return machine_append(m, kind, count, err);
}

Status machine_marked_tuple(PickleMachine *m, Error *err) {
  size_t count = 0;
  TRY(close_mark(m, &count, err));
  return machine_tuple(m, count, err);
}

/* The memo. */

Status machine_put(PickleMachine *m, uint64_t at, Error *err) {
  PickleId id;
  TRY(top(m, &id, err));
  if (at >= PICKLE_VALUES) {
    return machine_refuse(m, err, "memo %ju, at most %d are accepted", (uintmax_t)at,
                          PICKLE_VALUES);
  }
  if (at >= m->memos) {
    size_t more = (size_t)at + 1 - m->memos;
    PickleId *grown = array_grow(m->memo, m->memos, more, sizeof *grown);
    if (!grown) return no_memory(m, err);
    memset(grown + m->memos, 0, more * sizeof *grown);
    m->memo = grown;
    m->memos += more;
  }
  if (m->memo[at] == 0) m->filled++;
  m->memo[at] = id + 1;
  return STATUS_OK;
}

Status machine_get(PickleMachine *m, uint64_t at, Error *err) {
  if (at >= m->memos || m->memo[at] == 0) {
    return machine_refuse(m, err, "memo %ju: nothing was put there", (uintmax_t)at);
  }
  return machine_push_id(m, m->memo[at] - 1, err);
}
