/* The few names that a PyTorch file may use, and what they make of their arguments. */
#include <string.h>

#include "data/pickle/pickle_machine.h"

static bool same(const char *text, size_t size, const char *word) {
  return size == strlen(word) && memcmp(text, word, size) == 0;
}

static bool text_is(const PickleValue *v, const char *word) {
  return v->kind == PICKLE_TEXT && same(v->text, v->size, word);
}

Status machine_name(PickleMachine *m, const char *module, size_t module_size, const char *name,
                    size_t name_size, Error *err) {
  static const struct {
    const char *module, *name;
    PickleName means;
  } known[] = {{"collections", "OrderedDict", NAME_ORDERED_DICT},
               {"torch", "Size", NAME_SIZE},
               {"torch._utils", "_rebuild_tensor_v2", NAME_REBUILD_TENSOR},
               {"torch._utils", "_rebuild_parameter", NAME_REBUILD_PARAMETER}};
  PickleValue value = {.kind = PICKLE_NAME, .integer = -1};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (!same(module, module_size, known[i].module) || !same(name, name_size, known[i].name))
      continue;
    value.integer = known[i].means;
  }
  for (int i = 0; i < TORCH_ELEMENTS; i++) {
    if (!same(module, module_size, "torch") || !same(name, name_size, TORCH_ELEMENT[i].name))
      continue;
    value.integer = NAME_STORAGE + i;
  }
  if (value.integer >= 0) return machine_push(m, value, err);
  return machine_refuse(m, err,
                        "the name %.*s.%.*s is refused, for only tensors in dictionaries and lists "
                        "are read and nothing is called; in Python, save the state_dict() alone",
                        (int)(module_size < 100 ? module_size : 100), module,
                        (int)(name_size < 100 ? name_size : 100), name);
}

/* Arguments. */

enum { DIMENSIONS = 64, METADATA_ITEMS = 2 * 16 };

static Status want(const PickleMachine *m, const char *what, PickleId id, PickleKind kind,
                   Error *err) {
  PickleKind got = machine_value(m, id)->kind;
  if (got == kind) return STATUS_OK;
  return machine_refuse(m, err, "%s: got %s, want %s", what, pickle_kind(got), pickle_kind(kind));
}

/* A tuple of integers, of no more dimensions than PyTorch has: it may be looked at often. */
static Status want_counts(const PickleMachine *m, const char *what, PickleId id, Error *err) {
  TRY(want(m, what, id, PICKLE_TUPLE, err));
  const PickleValue *v = machine_value(m, id);
  if (v->count > DIMENSIONS) {
    return machine_refuse(m, err, "%s: has %u dimensions, at most %d are accepted", what, v->count,
                          DIMENSIONS);
  }
  for (uint32_t i = 0; i < v->count; i++) TRY(want(m, what, v->item[i], PICKLE_INT, err));
  return STATUS_OK;
}

static Status want_arguments(const PickleMachine *m, const PickleValue *arguments, uint32_t least,
                             uint32_t most, const char *what, Error *err) {
  if (arguments->count >= least && arguments->count <= most) return STATUS_OK;
  return machine_refuse(m, err, "%s: got %u arguments, want %u", what, arguments->count, least);
}

/* Whether gradients are wanted, and hooks for them, of which a file has none. */
static Status check_gradient(const PickleMachine *m, PickleId wanted, PickleId hooks, Error *err) {
  TRY(want(m, "requires_grad", wanted, PICKLE_BOOL, err));
  TRY(want(m, "backward hooks", hooks, PICKLE_DICT, err));
  if (machine_value(m, hooks)->count == 0) return STATUS_OK;
  return machine_refuse(m, err, "backward hooks: are functions, which are not read");
}

/* The last argument of a tensor, where there is one: a dictionary of bits, which change what its
 * numbers mean (conj, neg) when they are set. */
static Status check_metadata(const PickleMachine *m, PickleId id, Error *err) {
  const PickleValue *v = machine_value(m, id);
  if (v->kind == PICKLE_NONE) return STATUS_OK;
  TRY(want(m, "metadata of a tensor", id, PICKLE_DICT, err));
  if (v->count > METADATA_ITEMS) {
    return machine_refuse(m, err, "metadata of a tensor: has %u entries", v->count / 2);
  }
  for (uint32_t i = 0; i + 1 < v->count; i += 2) {
    const PickleValue *key = machine_value(m, v->item[i]), *bit = machine_value(m, v->item[i + 1]);
    if (bit->kind == PICKLE_BOOL && !bit->integer) continue;
    bool text = key->kind == PICKLE_TEXT;
    return machine_refuse(m, err, "metadata of a tensor: %.*s: is not supported",
                          text ? (int)(key->size < 40 ? key->size : 40) : 1,
                          text ? key->text : "?");
  }
  return STATUS_OK;
}

/* (storage, offset, size, stride, requires_grad, hooks[, metadata]) */
static Status rebuild_tensor(PickleMachine *m, const PickleValue *a, Error *err) {
  TRY(want_arguments(m, a, 6, 7, "a tensor", err));
  TRY(want(m, "storage", a->item[0], PICKLE_STORAGE, err));
  TRY(want(m, "storage offset", a->item[1], PICKLE_INT, err));
  TRY(want_counts(m, "size", a->item[2], err));
  TRY(want_counts(m, "stride", a->item[3], err));
  TRY(check_gradient(m, a->item[4], a->item[5], err));
  if (a->count == 7) TRY(check_metadata(m, a->item[6], err));
  if (machine_value(m, a->item[2])->count != machine_value(m, a->item[3])->count) {
    return machine_refuse(m, err, "a tensor of %u dimensions has %u strides",
                          machine_value(m, a->item[2])->count, machine_value(m, a->item[3])->count);
  }
  return machine_push(m,
                      (PickleValue){.kind = PICKLE_TENSOR,
                                    .tensor = {a->item[0], a->item[2], a->item[3],
                                               machine_value(m, a->item[1])->integer}},
                      err);
}

/* (tensor, requires_grad, hooks) */
static Status rebuild_parameter(PickleMachine *m, const PickleValue *a, Error *err) {
  TRY(want_arguments(m, a, 3, 3, "a parameter", err));
  TRY(want(m, "a parameter", a->item[0], PICKLE_TENSOR, err));
  TRY(check_gradient(m, a->item[1], a->item[2], err));
  return machine_push_id(m, a->item[0], err);
}

Status machine_reduce(PickleMachine *m, Error *err) {
  PickleId arguments, name;
  TRY(machine_pop(m, &arguments, err));
  TRY(machine_pop(m, &name, err));
  TRY(want(m, "REDUCE", name, PICKLE_NAME, err));
  TRY(want(m, "the arguments of REDUCE", arguments, PICKLE_TUPLE, err));
  const PickleValue a = *machine_value(m, arguments);
  switch (machine_value(m, name)->integer) {
    case NAME_ORDERED_DICT:
      TRY(want_arguments(m, &a, 0, 0, "OrderedDict", err));
      return machine_push(m, (PickleValue){.kind = PICKLE_DICT, .ordered = true}, err);
    case NAME_SIZE:
      TRY(want_arguments(m, &a, 1, 1, "torch.Size", err));
      TRY(want_counts(m, "torch.Size", a.item[0], err));
      return machine_push_id(m, a.item[0], err);
    case NAME_REBUILD_TENSOR:
      return rebuild_tensor(m, &a, err);
    case NAME_REBUILD_PARAMETER:
      return rebuild_parameter(m, &a, err);
    default:
      return machine_refuse(m, err, "REDUCE: the type of a storage is no function");
  }
}

/* ("storage", type, key, device, elements); the device is where it was, and of no interest. */
Status machine_storage(PickleMachine *m, Error *err) {
  PickleId id;
  TRY(machine_pop(m, &id, err));
  TRY(want(m, "a persistent id", id, PICKLE_TUPLE, err));
  const PickleValue a = *machine_value(m, id);
  TRY(want_arguments(m, &a, 5, 5, "a persistent id", err));
  if (!text_is(machine_value(m, a.item[0]), "storage")) {
    return machine_refuse(m, err, "a persistent id: is not that of a storage");
  }
  TRY(want(m, "the type of a storage", a.item[1], PICKLE_NAME, err));
  TRY(want(m, "the key of a storage", a.item[2], PICKLE_TEXT, err));
  TRY(want(m, "the device of a storage", a.item[3], PICKLE_TEXT, err));
  TRY(want(m, "the elements of a storage", a.item[4], PICKLE_INT, err));
  int64_t type = machine_value(m, a.item[1])->integer - NAME_STORAGE;
  int64_t numel = machine_value(m, a.item[4])->integer;
  if (type < 0) return machine_refuse(m, err, "the type of a storage: is none of torch.*Storage");
  if (numel < 0) return machine_refuse(m, err, "a storage of %lld elements", (long long)numel);
  return machine_push(
      m, (PickleValue){.kind = PICKLE_STORAGE, .storage = {&TORCH_ELEMENT[type], a.item[2], numel}},
      err);
}

Status machine_build(PickleMachine *m, Error *err) {
  PickleId state, id;
  TRY(machine_pop(m, &state, err));
  TRY(machine_pop(m, &id, err));
  const PickleValue *object = machine_value(m, id), *s = machine_value(m, state);
  if (object->kind != PICKLE_DICT || !object->ordered) {
    return machine_refuse(m, err, "BUILD: got %s, want an OrderedDict", pickle_kind(object->kind));
  }
  TRY(want(m, "the attributes of an OrderedDict", state, PICKLE_DICT, err));
  if (s->count == 0 || (s->count == 2 && text_is(machine_value(m, s->item[0]), "_metadata"))) {
    return machine_push_id(m, id, err);
  }
  return machine_refuse(m, err, "an OrderedDict has an attribute that is not _metadata");
}
