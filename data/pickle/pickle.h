/* pickle: the data.pkl of a PyTorch file as values. Internal to the reader of PyTorch files.
 *
 * The room data/pickle owns what a pickle says. What is made of it, and where numbers lie, it does not know.
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

#include "autograd/ground/status.h"
#include "data/pickle/pickle_value.h"

enum { PICKLE_BYTES = 64 << 20, PICKLE_VALUES = 1 << 23 };

typedef struct Pickle {
  PickleValue *value;
  size_t count;
  PickleId root;
} Pickle;

/* Reads the `size` bytes of a pickle, in which texts go on pointing. `file` is what messages name.
 * Errors are STATUS_INPUT naming the byte. On failure *p is zeroed. */
Status pickle_read(Pickle *p, const unsigned char *data, size_t size, const char *file, Error *err);
void pickle_close(Pickle *p); /* a zeroed Pickle is allowed */

#endif
