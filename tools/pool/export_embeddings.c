#include "tools/pool/export_embeddings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tensors/torch_write.h"
#include "infer/embed/embeddings.h"

#define END ".safetensors"

static Status add_rows(TorchWriter *w, const Embeddings *e, Error *err) {
  for (int64_t i = 0; i < e->count; i++) {
    SafetensorsItem item = {e->name[i], DTYPE_F32, e->vector + i * e->dim, 1, e->dim, true};
    TRY(torch_writer_add(w, &item, err));
  }
  return STATUS_OK;
}

static Status convert(const char *from, const char *to, Error *err) {
  Embeddings e;
  TorchWriter *w = NULL;
  TRY(embeddings_read(&e, from, err));
  Status status = torch_writer_open(&w, to, err);
  if (status == STATUS_OK) status = add_rows(w, &e, err);
  embeddings_free(&e);
  if (status == STATUS_OK) return torch_writer_commit(w, err);
  torch_writer_abort(w);
  return status;
}

static Status convert_named(const char *from, const char *to, const char *file, Error *err) {
  char *source = path_join(from, file), *target = NULL;
  int stem = (int)(strlen(file) - strlen(END));
  if (asprintf(&target, "%s/%.*s.pt", to, stem, file) < 0) target = NULL;
  Status status = source && target ? convert(source, target, err)
                                   : error_set(err, STATUS_RUN, "%s: out of memory", from);
  free(source);
  free(target);
  return status;
}

static bool is_of_instructions(const char *name) {
  size_t size = strlen(name);
  return name[0] != '.' && strncmp(name, "examples-", strlen("examples-")) != 0 &&
         size > strlen(END) && strcmp(name + size - strlen(END), END) == 0;
}

Status export_embeddings(const PoolManifest *m, const char *dir, int *count, Error *err) {
  DirNames names = {0};
  char *from = path_below(m->dir, "embeddings"), *to = path_join(dir, "embeddings");
  Status status = from && to ? dir_names(&names, from, err) /* a pool may have none */
                             : error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  *count = 0;
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
    if (!is_of_instructions(names.name[i])) continue;
    if (*count == 0) status = dir_make(to, err);
    if (status == STATUS_OK) status = convert_named(from, to, names.name[i], err);
    ++*count;
  }
  dir_names_free(&names);
  free(from);
  free(to);
  return status;
}
