#include "data/tensors/safetensors.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors_header.h"

/* By place in the file; an empty tensor comes before the one that begins where it stands. */
static int compare_ranges(const void *a, const void *b) {
  const TensorEntry *x = *(const TensorEntry *const *)a;
  const TensorEntry *y = *(const TensorEntry *const *)b;
  if (x->data != y->data) return x->data < y->data ? -1 : 1;
  return (x->size > y->size) - (x->size < y->size);
}

/* The tensors in the order of their data touch each other, from `data` to the end of the file. */
static Status check_chain(const TensorTable *s, const TensorEntry *const *chain,
                          const unsigned char *data, Error *err) {
  const unsigned char *file_end = s->file.data + s->file.size, *end = data;
  for (size_t i = 0; i < s->count; i++) {
    const TensorEntry *e = chain[i];
    if (e->data < end) {
      return error_set(err, STATUS_INPUT,
                       "%s: tensor '%.200s': overlaps tensor '%.200s' at byte %td", s->file.path,
                       e->name, chain[i - 1]->name, e->data - s->file.data);
    }
    if (e->data > end) {
      return error_set(
          err, STATUS_INPUT,
          "%s: tensor '%.200s': begins %td bytes after the data before it, at byte %td",
          s->file.path, e->name, e->data - end, e->data - s->file.data);
    }
    end += e->size;
  }
  if (end == file_end) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: byte %td: %td bytes after the last tensor", s->file.path,
                   end - s->file.data, file_end - end);
}

/* The entries as they stand, from `data` on, touch each other to the end of the file. */
static bool entries_cover(const TensorTable *s, const unsigned char *data) {
  for (size_t i = 0; i < s->count; i++) {
    if (s->entry[i].data != data) return false;
    data += s->entry[i].size;
  }
  return data == s->file.data + s->file.size;
}

static Status check_cover(const TensorTable *s, const unsigned char *data, Error *err) {
  const TensorEntry **chain = malloc((s->count + 1) * sizeof *chain);
  if (!chain) return error_set(err, STATUS_RUN, "%s: out of memory: the header", s->file.path);
  for (size_t i = 0; i < s->count; i++) chain[i] = &s->entry[i];
  qsort(chain, s->count, sizeof *chain, compare_ranges);
  Status status = check_chain(s, chain, data, err);
  free(chain);
  return status;
}

/* Bytes that people write, which as a length are larger than any file. */
static bool is_text(const unsigned char *data, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (!isprint(data[i]) && !isspace(data[i])) return false;
  }
  return true;
}

/* The length of the header, which is inside the file. */
static Status read_length(const MappedFile *f, size_t *length, Error *err) {
  uint64_t n = 0;
  for (size_t i = 0; i < SAFETENSORS_LENGTH && i < f->size; i++) n |= (uint64_t)f->data[i] << 8 * i;
  *length = (size_t)n;
  bool fits = f->size >= SAFETENSORS_LENGTH && n <= f->size - SAFETENSORS_LENGTH;
  if (fits && n <= SAFETENSORS_HEADER_MAX) return STATUS_OK;
  const char *kind = file_kind(f->data, f->size);
  if (kind) {
    return error_set(err, STATUS_INPUT, "%s: is no file of tensors but %s", f->path, kind);
  }
  if (f->size < SAFETENSORS_LENGTH) {
    return error_set(err, STATUS_INPUT, "%s: is not a safetensors file: it has %zu bytes", f->path,
                     f->size);
  }
  if (!fits && is_text(f->data, SAFETENSORS_LENGTH)) {
    return error_set(err, STATUS_INPUT, "%s: is no file of tensors but text", f->path);
  }
  if (!fits) {
    return error_set(err, STATUS_INPUT,
                     "%s: byte 0: header length %ju exceeds the file, which has %zu bytes", f->path,
                     (uintmax_t)n, f->size);
  }
  return error_set(err, STATUS_INPUT, "%s: byte 0: header length %ju, at most %d are accepted",
                   f->path, (uintmax_t)n, SAFETENSORS_HEADER_MAX);
}

Status safetensors_read(TensorTable *t, Error *err) {
  size_t length;
  TRY(read_length(&t->file, &length, err));
  TRY(safetensors_read_header(t, length, err));
  const unsigned char *data = t->file.data + SAFETENSORS_LENGTH + length;
  bool covered = entries_cover(t, data); /* before they are sorted: the order of most files */
  TRY(tensor_table_sort(t, err));
  return covered ? STATUS_OK : check_cover(t, data, err);
}
