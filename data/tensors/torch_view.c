/* One tensor of a PyTorch file: the view of its storage, in place or copied. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tensors/torch_parts.h"

#define TENSOR "%s: tensor '%.200s': "

/* A tensor on its way into an entry; sizes and strides in elements. */
typedef struct View {
  const char *path, *name;
  const TorchElement *element;
  const ZipMember *storage;
  int64_t numel; /* of the storage */
  int64_t offset, count;
  int rank;
  int64_t shape[TENSOR_RANK], stride[TENSOR_RANK];
} View;

/* The member of the storage, which has the bytes that its elements need. */
static Status find_storage(const TorchFile *f, const PickleValue *storage, View *v, Error *err) {
  enum { DIGITS = 20 };
  const PickleValue *key = &f->pickle.value[storage->storage.key];
  char name[sizeof "data/" + DIGITS] = "data/";
  size_t digits = 0;
  while (digits < key->size && key->text[digits] >= '0' && key->text[digits] <= '9') digits++;
  if (digits == 0 || digits < key->size || digits > DIGITS) {
    return error_set(err, STATUS_INPUT, TENSOR "the key of its storage, '%.*s', is no number",
                     v->path, v->name, (int)(key->size < 40 ? key->size : 40), key->text);
  }
  memcpy(name + strlen(name), key->text, digits);
  TRY(torch_member(f, name, &v->storage, err));
  if (!v->storage) {
    return error_set(err, STATUS_INPUT, TENSOR "its storage %s is not in the archive", v->path,
                     v->name, name);
  }
  int64_t bytes;
  v->element = storage->storage.element;
  v->numel = storage->storage.numel;
  if (!__builtin_mul_overflow(v->numel, (int64_t)v->element->size, &bytes) &&
      (uint64_t)bytes == v->storage->size) {
    return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   TENSOR "its storage %s has %zu bytes, want %" PRId64 " elements of %d", v->path,
                   v->name, name, v->storage->size, v->numel, v->element->size);
}

static Status read_shape(const TorchFile *f, const PickleValue *tensor, View *v, Error *err) {
  const PickleValue *shape = &f->pickle.value[tensor->tensor.shape];
  const PickleValue *stride = &f->pickle.value[tensor->tensor.stride];
  if (shape->count > TENSOR_RANK) {
    return error_set(err, STATUS_INPUT, TENSOR "size: has %u dimensions, at most %d are accepted",
                     v->path, v->name, shape->count, TENSOR_RANK);
  }
  v->offset = tensor->tensor.offset;
  v->count = 1;
  for (v->rank = 0; v->rank < (int)shape->count; v->rank++) {
    int64_t size = f->pickle.value[shape->item[v->rank]].integer;
    int64_t step = f->pickle.value[stride->item[v->rank]].integer;
    v->shape[v->rank] = size;
    v->stride[v->rank] = step;
    if (size < 0 || step < 0 || __builtin_mul_overflow(v->count, size, &v->count)) {
      return error_set(err, STATUS_INPUT,
                       TENSOR "dimension %d: size %" PRId64 ", stride %" PRId64
                              ": is negative or overflows",
                       v->path, v->name, v->rank, size, step);
    }
  }
  return STATUS_OK;
}

/* Every element is inside the storage. */
static Status check_bounds(const View *v, Error *err) {
  int64_t last = v->offset, step;
  bool fits = v->offset >= 0;
  for (int i = 0; i < v->rank && fits && v->count > 0; i++) {
    fits = !__builtin_mul_overflow(v->shape[i] - 1, v->stride[i], &step) &&
           !__builtin_add_overflow(last, step, &last);
  }
  if (fits && (v->count == 0 || last < v->numel)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   TENSOR "offset, size and strides reach beyond its storage, which has %" PRId64
                          " elements",
                   v->path, v->name, v->numel);
}

static bool is_contiguous(const View *v) {
  int64_t step = 1;
  for (int i = v->rank; i-- > 0;) {
    if (v->shape[i] != 1 && v->stride[i] != step) return false;
    step *= v->shape[i];
  }
  return true;
}

/* Copies dimensions `dim` and after of the view, from element `at` of the storage on; returns where
 * the copy ends. */
static unsigned char *copy_strided(unsigned char *to, const View *v, int dim, int64_t at) {
  size_t size = (size_t)v->element->size;
  if (dim == v->rank) {
    memcpy(to, v->storage->data + (size_t)at * size, size);
    return to + size;
  }
  for (int64_t i = 0; i < v->shape[dim]; i++) {
    to = copy_strided(to, v, dim + 1, at + i * v->stride[dim]);
  }
  return to;
}

static void reverse_elements(unsigned char *data, size_t bytes, size_t size) {
  for (size_t at = 0; at < bytes; at += size) {
    for (size_t i = 0; i < size / 2; i++) {
      unsigned char kept = data[at + i];
      data[at + i] = data[at + size - 1 - i];
      data[at + size - 1 - i] = kept;
    }
  }
}

/* `bytes` of memory that the table owns; a view may name an element many times, so they are bounded
 * by the file. */
static Status own_memory(TorchFile *f, const View *v, size_t bytes, unsigned char **memory,
                         Error *err) {
  TensorTable *t = f->table;
  size_t most = TORCH_COPIES * t->file.size + TORCH_COPIES_FREE;
  if (bytes > most - f->copied) {
    return error_set(err, STATUS_INPUT,
                     TENSOR
                     "is not contiguous, and copies of such tensors would need more than "
                     "%zu bytes; in Python, save .contiguous() tensors",
                     v->path, v->name, most);
  }
  void **grown = array_grow(t->owned, t->owned_count, 1, sizeof *grown);
  if (grown) t->owned = grown;
  *memory = grown ? malloc(bytes) : NULL;
  if (!*memory) return error_set(err, STATUS_RUN, "%s: out of memory: %zu bytes", v->path, bytes);
  t->owned[t->owned_count++] = *memory;
  f->copied += bytes;
  return STATUS_OK;
}

/* The bytes of the tensor, row-major and little-endian. */
static Status place_data(TorchFile *f, const View *v, TensorEntry *e, Error *err) {
  int64_t bytes;
  size_t size = (size_t)v->element->size;
  if (__builtin_mul_overflow(v->count, (int64_t)size, &bytes)) {
    return error_set(err, STATUS_INPUT, TENSOR "size: the number of bytes overflows", v->path,
                     v->name);
  }
  e->size = (size_t)bytes;
  e->storage = v->storage->data;
  e->data = v->storage->data + (v->count > 0 ? (size_t)v->offset * size : 0);
  bool reverse = f->big_endian && size > 1;
  if (v->count == 0 || (is_contiguous(v) && !reverse)) return STATUS_OK;
  unsigned char *copy;
  TRY(own_memory(f, v, e->size, &copy, err));
  copy_strided(copy, v, 0, v->offset);
  if (reverse) reverse_elements(copy, e->size, size);
  e->data = copy;
  return STATUS_OK;
}

Status torch_view(TorchFile *f, const PickleValue *tensor, TensorEntry *entry, Error *err) {
  View v = {.path = f->table->file.path, .name = entry->name};
  TRY(find_storage(f, &f->pickle.value[tensor->tensor.storage], &v, err));
  TRY(read_shape(f, tensor, &v, err));
  TRY(check_bounds(&v, err));
  strcpy(entry->dtype, v.element->dtype);
  entry->rank = v.rank;
  memcpy(entry->shape, v.shape, sizeof entry->shape);
  return place_data(f, &v, entry, err);
}
