/* pickle: the data.pkl of a PyTorch file as values. Internal to the reader of PyTorch files.
 *
 * A pickle is a program for a machine with a stack, and Python's runs whatever it says. This one
 * describes data and runs nothing: no function is called, no object is made. It knows the opcodes
 * of protocols 2 to 5 that the pickler writes for plain values, and of names (GLOBAL) only
 *
 *   collections.OrderedDict                with no arguments: a dictionary
 *   torch.Size                             a tuple
 *   torch.{Float,Half,...}Storage          as the type in a storage's persistent id
 *   torch._utils._rebuild_tensor_v2        a tensor on a storage
 *   torch._utils._rebuild_parameter        the tensor that is its first argument
 *
 * Every other name and opcode is refused with its name and its byte. OrderedDict may be given the
 * attribute _metadata, the versions of a model's modules, which is read over.
 *
 * All is bounded: bytes (PICKLE_BYTES), values and the memo (PICKLE_VALUES); the machine does not
 * recurse, and what a value refers to is an index. Values may be shared and may hold themselves:
 * who walks them bounds the walk. */
#ifndef SKEIN_PICKLE_H
#define SKEIN_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

enum { PICKLE_BYTES = 64 << 20, PICKLE_VALUES = 1 << 20 };

typedef uint32_t PickleId; /* index of a value */

typedef enum PickleKind {
  PICKLE_NONE,
  PICKLE_BOOL,
  PICKLE_INT,
  PICKLE_LONG, /* an integer of more than 64 bits */
  PICKLE_FLOAT,
  PICKLE_TEXT,
  PICKLE_TUPLE,
  PICKLE_LIST,
  PICKLE_DICT,
  PICKLE_NAME,    /* one of those above */
  PICKLE_STORAGE, /* of a tensor */
  PICKLE_TENSOR,
} PickleKind;

typedef enum PickleName {
  NAME_ORDERED_DICT,
  NAME_SIZE,
  NAME_REBUILD_TENSOR,
  NAME_REBUILD_PARAMETER,
  NAME_STORAGE, /* and those after it: of the elements of TORCH_ELEMENTS */
} PickleName;

/* The types of storages. */
typedef struct TorchElement {
  const char *name;  /* of the class: "FloatStorage" */
  const char *dtype; /* as safetensors spells it */
  int size;          /* bytes */
} TorchElement;

enum { TORCH_ELEMENTS = 10 };
extern const TorchElement TORCH_ELEMENT[TORCH_ELEMENTS];

typedef struct PickleValue {
  PickleKind kind;
  union {
    int64_t integer; /* BOOL, INT; of a LONG its number of bytes; of a NAME its PickleName */
    double real;
    struct {
      const char *text; /* in the pickle: UTF-8, no NUL at its end, perhaps some inside */
      size_t size;
    };
    struct {
      PickleId *item; /* owned; of a DICT keys and values by turns */
      uint32_t count; /* of items */
      bool ordered;   /* made by OrderedDict */
    };
    struct {
      const TorchElement *element;
      PickleId key;  /* TEXT */
      int64_t numel; /* 0 or more */
    } storage;
    struct {
      PickleId storage, shape, stride; /* STORAGE; two TUPLEs of as many INTs */
      int64_t offset;                  /* in elements */
    } tensor;
  };
} PickleValue;

typedef struct Pickle {
  PickleValue *value;
  size_t count;
  PickleId root;
} Pickle;

/* Reads the `size` bytes of a pickle, in which texts go on pointing. `file` is what messages name.
 * Errors are STATUS_INPUT naming the byte. On failure *p is zeroed. */
Status pickle_read(Pickle *p, const unsigned char *data, size_t size, const char *file, Error *err);
void pickle_close(Pickle *p); /* a zeroed Pickle is allowed */

/* Values of this kind have items: tuples, lists and dictionaries. */
bool pickle_has_items(PickleKind kind);
/* "a tuple", "a tensor", ..., for messages. */
const char *pickle_kind(PickleKind kind);

#endif
