/* All tensors of a checkpoint as one safetensors file. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"

/* Texts borrowed from the files. */
typedef struct Texts {
  TensorMeta *meta;
  size_t count;
} Texts;

static Status add_text(Texts *texts, const TensorMeta *m, const char *path, Error *err) {
  for (size_t i = 0; i < texts->count; i++) {
    if (strcmp(texts->meta[i].key, m->key) != 0) continue;
    if (strcmp(texts->meta[i].value, m->value) == 0) return STATUS_OK;
    return error_set(err, STATUS_MISMATCH,
                     "%s: __metadata__: '%.200s': is '%.80s', and '%.80s' in another shard", path,
                     m->key, m->value, texts->meta[i].value);
  }
  TensorMeta *grown = array_grow(texts->meta, texts->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  texts->meta = grown;
  texts->meta[texts->count++] = *m;
  return STATUS_OK;
}

static Status collect_texts(const Weights *w, Texts *texts, Error *err) {
  static char format[] = "format", name[] = "pt";
  const TensorMeta pt = {format, name};
  for (size_t f = 0; f < weights_tables(w); f++) {
    const TensorTable *t = weights_table(w, f);
    if (t->format == FORMAT_TORCH) TRY(add_text(texts, &pt, t->file.path, err));
    for (size_t i = 0; t->format == FORMAT_SAFETENSORS && i < t->meta_count; i++) {
      TRY(add_text(texts, &t->meta[i], t->file.path, err));
    }
  }
  return STATUS_OK;
}

Status weights_export(const Weights *w, const char *path, Error *err) {
  Texts texts = {0};
  size_t count = weights_count(w);
  const TensorEntry **entry = malloc((count + 1) * sizeof *entry);
  Status status = entry ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (size_t f = 0; f < weights_tables(w) && status == STATUS_OK; f++) {
    status = tensor_table_verify(weights_table(w, f), err);
  }
  for (size_t i = 0; i < count && status == STATUS_OK; i++) entry[i] = weights_entry(w, i);
  if (status == STATUS_OK) status = collect_texts(w, &texts, err);
  if (status == STATUS_OK) {
    status = safetensors_write_entries(path, entry, count, texts.meta, texts.count, err);
  }
  free(entry);
  free(texts.meta);
  return status;
}
