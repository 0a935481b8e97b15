#include "data/tensors/torch_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/zip/zip_write.h"

/* Opcodes of pickles (Python's pickletools). */
enum {
  PROTO = 0x80,
  EMPTY_DICT = '}',
  MARK = '(',
  SETITEMS = 'u',
  STOP = '.',
  BINUNICODE = 'X',
  GLOBAL = 'c',
  BINPERSID = 'Q',
  BINPUT = 'q',
  BINGET = 'h',
  TUPLE = 't',
  EMPTY_TUPLE = ')',
  REDUCE = 'R',
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
};

/* What every tensor has is written once and then called by its number in the memo. */
enum { MEMO_REBUILD, MEMO_STORAGE, MEMO_CPU, MEMO_ORDERED, MEMO_TYPE, MEMOS = MEMO_TYPE + 3 };

struct TorchWriter {
  AtomicFile file;
  ZipWriter zip;
  TextStream pickle;
  int64_t count;
  bool known[MEMOS];
};

static void put_text(FILE *f, const char *text) {
  uint32_t size = (uint32_t)strlen(text);
  fputc(BINUNICODE, f);
  fwrite(&size, sizeof size, 1, f);
  fwrite(text, 1, size, f);
}

static void put_number(FILE *f, int64_t number) {
  fputc(LONG1, f);
  fputc(sizeof number, f);
  fwrite(&number, sizeof number, 1, f);
}

/* A class or function, or with module NULL a text, that is in the memo from now on. */
static void put_known(TorchWriter *w, int memo, const char *module, const char *name) {
  if (w->known[memo]) {
    fprintf(w->pickle.out, "%c%c", BINGET, memo);
    return;
  }
  if (module) {
    fprintf(w->pickle.out, "%c%s\n%s\n", GLOBAL, module, name);
  } else {
    put_text(w->pickle.out, name);
  }
  fprintf(w->pickle.out, "%c%c", BINPUT, memo);
  w->known[memo] = true;
}

static const char *storage_name(Dtype dtype) {
  switch (dtype) {
    case DTYPE_F32:
      return "FloatStorage";
    case DTYPE_F16:
      return "HalfStorage";
    case DTYPE_BF16:
      return "BFloat16Storage";
  }
  return "?";
}

/* ("storage", its type, its name, "cpu", how many numbers), as a persistent id. */
static void put_storage(TorchWriter *w, const SafetensorsItem *item) {
  FILE *f = w->pickle.out;
  char name[24];
  snprintf(name, sizeof name, "%" PRId64, w->count);
  fputc(MARK, f);
  put_known(w, MEMO_STORAGE, NULL, "storage");
  put_known(w, MEMO_TYPE + (int)item->dtype, "torch", storage_name(item->dtype));
  put_text(f, name);
  put_known(w, MEMO_CPU, NULL, "cpu");
  put_number(f, item->rows * item->cols);
  fputc(TUPLE, f);
  fputc(BINPERSID, f);
}

static void put_pair(FILE *f, const SafetensorsItem *item, int64_t rows, int64_t cols) {
  fputc(MARK, f);
  if (!item->vector) put_number(f, rows);
  put_number(f, cols);
  fputc(TUPLE, f);
}

static void put_tensor(TorchWriter *w, const SafetensorsItem *item) {
  FILE *f = w->pickle.out;
  put_text(f, item->name);
  put_known(w, MEMO_REBUILD, "torch._utils", "_rebuild_tensor_v2");
  fputc(MARK, f);
  put_storage(w, item);
  put_number(f, 0); /* where in the storage it begins */
  put_pair(f, item, item->rows, item->cols);
  put_pair(f, item, item->cols, 1); /* strides */
  fputc(NEWFALSE, f);               /* needs no gradient */
  put_known(w, MEMO_ORDERED, "collections", "OrderedDict");
  fputc(EMPTY_TUPLE, f);
  fputc(REDUCE, f);
  fputc(TUPLE, f);
  fputc(REDUCE, f);
}

static Status out_of_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

Status torch_writer_open(TorchWriter **writer, const char *path, Error *err) {
  TorchWriter *w = *writer = calloc(1, sizeof *w);
  if (!w) return out_of_memory(path, err);
  bool opened = text_stream_open(&w->pickle);
  Status status = opened ? atomic_open(&w->file, path, err) : out_of_memory(path, err);
  if (status != STATUS_OK) {
    torch_writer_abort(w);
    *writer = NULL;
    return status;
  }
  zip_writer_init(&w->zip, w->file.stream, w->file.path);
  fprintf(w->pickle.out, "%c%c%c%c", PROTO, 2, EMPTY_DICT, MARK);
  return STATUS_OK;
}

static Status add_data(TorchWriter *w, const SafetensorsItem *item, void *data, size_t count,
                       Error *err) {
  char name[48];
  snprintf(name, sizeof name, "archive/data/%" PRId64, w->count);
  for (size_t at = 0; at < count; at += SAFETENSORS_BLOCK) {
    size_t n = count - at < SAFETENSORS_BLOCK ? count - at : SAFETENSORS_BLOCK;
    char *to = (char *)data + at * dtype_size(item->dtype);
    TRY(safetensors_narrow(to, item, at, n, w->file.path, err));
  }
  return zip_writer_add(&w->zip, name, data, count * dtype_size(item->dtype), err);
}

Status torch_writer_add(TorchWriter *w, const SafetensorsItem *item, Error *err) {
  size_t count = (size_t)(item->rows * item->cols);
  void *data = malloc(count * dtype_size(item->dtype) + 1);
  Status status = data ? add_data(w, item, data, count, err) : out_of_memory(w->file.path, err);
  free(data);
  if (status != STATUS_OK) return status;
  put_tensor(w, item);
  w->count++;
  return STATUS_OK;
}

static Status add_records(TorchWriter *w, Error *err) {
  fprintf(w->pickle.out, "%c%c", SETITEMS, STOP);
  char *text = text_stream_close(&w->pickle);
  if (!text) return out_of_memory(w->file.path, err);
  Status status = zip_writer_add(&w->zip, "archive/byteorder", "little", 6, err);
  if (status == STATUS_OK) status = zip_writer_add(&w->zip, "archive/version", "3\n", 2, err);
  if (status == STATUS_OK)
    status = zip_writer_add(&w->zip, "archive/data.pkl", text, w->pickle.size, err);
  if (status == STATUS_OK) zip_writer_finish(&w->zip);
  free(text);
  return status;
}

Status torch_writer_commit(TorchWriter *w, Error *err) {
  Status status = add_records(w, err);
  if (status == STATUS_OK) status = atomic_commit(&w->file, err);
  torch_writer_abort(w);
  return status;
}

void torch_writer_abort(TorchWriter *w) {
  if (!w) return;
  if (w->pickle.out) free(text_stream_close(&w->pickle));
  zip_writer_free(&w->zip);
  atomic_abort(&w->file);
  free(w);
}
