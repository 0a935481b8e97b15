#include "data/tensors/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors_header.h"

void safetensors_close(Safetensors *s) {
  for (size_t i = 0; i < s->count; i++) free(s->entry[i].name);
  for (size_t i = 0; i < s->meta_count; i++) {
    free(s->meta[i].key);
    free(s->meta[i].value);
  }
  free(s->entry);
  free(s->meta);
  mapped_close(&s->file);
  *s = (Safetensors){0};
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const SafetensorsEntry *)a)->name, ((const SafetensorsEntry *)b)->name);
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(((const SafetensorsMeta *)a)->key, ((const SafetensorsMeta *)b)->key);
}

/* Most files have their tensors in order; to see that takes a pass, to sort them a dozen. */
static void sort_entries(SafetensorsEntry *entry, size_t count) {
  size_t i = 1;
  while (i < count && compare_names(&entry[i - 1], &entry[i]) <= 0) i++;
  if (i < count) qsort(entry, count, sizeof *entry, compare_names);
}

static Status sort_by_name(Safetensors *s, Error *err) {
  sort_entries(s->entry, s->count);
  if (s->meta_count > 0) qsort(s->meta, s->meta_count, sizeof *s->meta, compare_keys);
  for (size_t i = 1; i < s->count; i++) {
    if (compare_names(&s->entry[i - 1], &s->entry[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: tensor '%.200s': appears twice", s->file.path,
                     s->entry[i].name);
  }
  for (size_t i = 1; i < s->meta_count; i++) {
    if (compare_keys(&s->meta[i - 1], &s->meta[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: __metadata__: '%.200s': appears twice", s->file.path,
                     s->meta[i].key);
  }
  return STATUS_OK;
}

/* By place in the file; an empty tensor comes before the one that begins where it stands. */
static int compare_ranges(const void *a, const void *b) {
  const SafetensorsEntry *x = *(const SafetensorsEntry *const *)a;
  const SafetensorsEntry *y = *(const SafetensorsEntry *const *)b;
  if (x->data != y->data) return x->data < y->data ? -1 : 1;
  return (x->size > y->size) - (x->size < y->size);
}

/* The tensors in the order of their data touch each other, from `data` to the end of the file. */
static Status check_chain(const Safetensors *s, const SafetensorsEntry *const *chain,
                          const unsigned char *data, Error *err) {
  const unsigned char *file_end = s->file.data + s->file.size, *end = data;
  for (size_t i = 0; i < s->count; i++) {
    const SafetensorsEntry *e = chain[i];
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
static bool entries_cover(const Safetensors *s, const unsigned char *data) {
  for (size_t i = 0; i < s->count; i++) {
    if (s->entry[i].data != data) return false;
    data += s->entry[i].size;
  }
  return data == s->file.data + s->file.size;
}

static Status check_cover(const Safetensors *s, const unsigned char *data, Error *err) {
  const SafetensorsEntry **chain = malloc((s->count + 1) * sizeof *chain);
  if (!chain) return error_set(err, STATUS_RUN, "%s: out of memory: the header", s->file.path);
  for (size_t i = 0; i < s->count; i++) chain[i] = &s->entry[i];
  qsort(chain, s->count, sizeof *chain, compare_ranges);
  Status status = check_chain(s, chain, data, err);
  free(chain);
  return status;
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
    return error_set(err, STATUS_INPUT, "%s: is not a safetensors file but %s", f->path, kind);
  }
  if (f->size < SAFETENSORS_LENGTH) {
    return error_set(err, STATUS_INPUT, "%s: is not a safetensors file: it has %zu bytes", f->path,
                     f->size);
  }
  if (!fits) {
    return error_set(err, STATUS_INPUT,
                     "%s: byte 0: header length %ju exceeds the file, which has %zu bytes", f->path,
                     (uintmax_t)n, f->size);
  }
  return error_set(err, STATUS_INPUT, "%s: byte 0: header length %ju, at most %d are accepted",
                   f->path, (uintmax_t)n, SAFETENSORS_HEADER_MAX);
}

static Status read_file(Safetensors *s, Error *err) {
  size_t length;
  TRY(read_length(&s->file, &length, err));
  TRY(safetensors_read_header(s, length, err));
  const unsigned char *data = s->file.data + SAFETENSORS_LENGTH + length;
  bool covered = entries_cover(s, data); /* before they are sorted: the order of most files */
  TRY(sort_by_name(s, err));
  return covered ? STATUS_OK : check_cover(s, data, err);
}

Status safetensors_open(Safetensors *s, const char *path, Error *err) {
  *s = (Safetensors){0};
  TRY(mapped_open(&s->file, path, err));
  Status status = read_file(s, err);
  if (status != STATUS_OK) safetensors_close(s);
  return status;
}

const SafetensorsEntry *safetensors_find(const Safetensors *s, const char *name) {
  const SafetensorsEntry key = {.name = (char *)(uintptr_t)name};
  if (s->count == 0) return NULL;
  return bsearch(&key, s->entry, s->count, sizeof key, compare_names);
}

const char *safetensors_meta(const Safetensors *s, const char *key) {
  const SafetensorsMeta wanted = {.key = (char *)(uintptr_t)key};
  if (s->meta_count == 0) return NULL;
  const SafetensorsMeta *m = bsearch(&wanted, s->meta, s->meta_count, sizeof wanted, compare_keys);
  return m ? m->value : NULL;
}
