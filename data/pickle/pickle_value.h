/* pickle_value: the values of a pickle. Internal to the reader of PyTorch files. */
#ifndef SKEIN_PICKLE_VALUE_H
#define SKEIN_PICKLE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
  PICKLE_NAME,    /* a PickleName */
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

/* Values of this kind have items: tuples, lists and dictionaries. */
bool pickle_has_items(PickleKind kind);
/* "a tuple", "a tensor", ..., for messages. */
const char *pickle_kind(PickleKind kind);

#endif
