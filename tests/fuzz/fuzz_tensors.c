/* The readers of files of tensors: whatever they take is written as safetensors and reads back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/pickle/pickle.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"
#include "data/zip/zip_archive.h"
#include "data/zip/zip_write.h"
#include "tests/fuzz/target.h"

#define SAFETENSORS                                                                 \
  "tests/golden/torch/good/*.safetensors tests/golden/bf16_sharded/base/*00001-of*" \
  " tests/golden/f16/expert_qv/*.safetensors"
#define TORCH "tests/golden/torch/good/*.pt tests/golden/torch/refused/*.pt"

static void check_same(const TensorEntry *a, const TensorEntry *b) {
  MUST(b && a->rank == b->rank && a->size == b->size && strcmp(a->dtype, b->dtype) == 0);
  MUST(a->rank == 0 || memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0);
  MUST(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* The table as a file of safetensors, read back. */
static void check_table(const Input *in, const TensorTable *t) {
  Error err = {0};
  TensorTable again;
  char *copy = place(in, "copy.safetensors");
  const TensorEntry **entry = malloc((t->count + 1) * sizeof *entry);
  size_t texts = t->format == FORMAT_SAFETENSORS ? t->meta_count : 0;
  MUST(entry);
  for (size_t i = 0; i < t->count; i++) entry[i] = &t->entry[i];
  sound(safetensors_write_entries(copy, entry, t->count, t->meta, texts, &err), &err);
  sound(tensor_table_open(&again, copy, &err), &err);
  MUST(again.count == t->count && again.meta_count == texts);
  for (size_t i = 0; i < t->count; i++) check_same(&t->entry[i], &again.entry[i]);
  for (size_t i = 0; i < texts; i++) {
    const char *value = tensor_table_meta(&again, t->meta[i].key);
    MUST(value && strcmp(value, t->meta[i].value) == 0);
  }
  tensor_table_close(&again);
  remove(copy);
  free(entry);
  free(copy);
}

static void read_path(const Input *in, const char *path) {
  Error err = {0}, sums = {0};
  TensorTable t;
  if (!taken(in, tensor_table_open(&t, path, &err), &err)) return;
  taken(in, tensor_table_verify(&t, &sums), &sums);
  check_table(in, &t);
  tensor_table_close(&t);
}

static void read_tensors(const Input *in) {
  read_path(in, in->path);
}

static void read_torch(const Input *in) {
  forget_sums(in);
  read_path(in, in->path);
}

/* The bytes are the header alone; the length before it, and data behind it, are right. */
static void read_header(const Input *in) {
  static const char DATA[64] = "0123456789abcdef";
  uint64_t length = in->size;
  FILE *f = fopen(in->path, "wb");
  MUST(f);
  fwrite(&length, 1, sizeof length, f);
  fwrite(in->bytes, 1, in->size, f);
  fwrite(DATA, 1, sizeof DATA, f);
  MUST(fclose(f) == 0);
  read_path(in, in->path);
}

static void *write_header(const char *dir) {
  static const char HEADER[] =
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"a.b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
      "\"c\":{\"shape\":[],\"dtype\":\"I64\",\"data_offsets\":[24,32]},"
      "\"\\u00e9\":{\"data_offsets\":[32,64],\"dtype\":\"BF16\",\"shape\":[16]}}";
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, "x.safetensors");
  sound(file_write(path, HEADER, sizeof HEADER - 1, &err), &err);
  free(path);
  return NULL;
}

/* The bytes are the pickle of an archive that is right, with two storages. */
static void read_pickle(const Input *in) {
  static const char DATA[64] = "0123456789abcdef";
  Error err = {0};
  char *path = place(in, "made.pt");
  FILE *f = fopen(path, "wb");
  ZipWriter z;
  MUST(f);
  zip_writer_init(&z, f, path);
  sound(zip_writer_add(&z, "r/data.pkl", in->bytes, in->size, &err), &err);
  sound(zip_writer_add(&z, "r/version", "3\n", 2, &err), &err);
  sound(zip_writer_add(&z, "r/data/0", DATA, 16, &err), &err);
  sound(zip_writer_add(&z, "r/data/1", DATA, 8, &err), &err);
  zip_writer_finish(&z);
  zip_writer_free(&z);
  MUST(fclose(f) == 0);
  read_path(in, path);
  free(path);
}

/* Members lie in the file, one behind the other. */
static void read_zip(const Input *in) {
  Error err = {0};
  MappedFile file;
  ZipArchive z;
  sound(mapped_open(&file, in->path, &err), &err);
  if (taken(in, zip_archive_read(&z, &file, &err), &err)) {
    for (size_t i = 0; i < z.count; i++) {
      const ZipMember *m = &z.member[i];
      Error sums = {0};
      MUST(m->data >= file.data && m->size <= file.size);
      MUST((size_t)(m->data - file.data) <= file.size - m->size);
      MUST(zip_archive_find(&z, m->name) == m);
      if (!m->compressed) taken(in, zip_member_check(&z, m, &sums), &sums);
    }
    zip_archive_close(&z);
  }
  mapped_close(&file);
}

static void *write_shards(const char *dir) {
  borrow(dir, "bf16_sharded/base/model.safetensors.index.json");
  for (int i = 1; i <= 5; i++) {
    char name[96];
    snprintf(name, sizeof name, "bf16_sharded/base/model-%05d-of-00005.safetensors", i);
    borrow(dir, name);
  }
  return NULL;
}

static void read_index(const Input *in) {
  Error err = {0};
  Weights *w;
  if (!taken(in, weights_open(&w, in->dir, &err), &err)) return;
  for (size_t i = 0; i < weights_count(w); i++) {
    const TensorEntry *e = weights_entry(w, i);
    MUST(weights_find(w, e->name) == e);
  }
  weights_close(w);
}

const Target tensor_targets[] = {
    {.name = "safetensors",
     .file = "x.safetensors",
     .seeds = SAFETENSORS,
     .words = "safetensors",
     .most = 4096,
     .run = read_tensors},
    {.name = "safetensors-header",
     .file = "x.safetensors",
     .seeds = "",
     .words = "safetensors",
     .most = 1024,
     .world = write_header,
     .run = read_header},
    {.name = "torch",
     .file = "x.pt",
     .seeds = TORCH,
     .words = "pickle",
     .most = 4096,
     .run = read_torch},
    {.name = "pickle",
     .seeds = "tests/fuzz/seeds/*.pkl",
     .words = "pickle",
     .most = 1024,
     .run = read_pickle},
    {.name = "zip",
     .file = "x.zip",
     .seeds = TORCH,
     .words = "pickle",
     .most = 4096,
     .run = read_zip},
    {.name = "weights-index",
     .file = "model.safetensors.index.json",
     .seeds = "",
     .words = "json",
     .most = 4096,
     .world = write_shards,
     .run = read_index},
    {0},
};
