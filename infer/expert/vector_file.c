#include "infer/expert/vector_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The value of a metadata key; `limit`: bytes it may take with its NUL. */
static Status meta_text(const VectorFile *f, const char *key, size_t limit, const char **value,
                        Error *err) {
  *value = weights_meta(f->weights, key);
  if (!*value) {
    return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is missing; not a %s file?", f->path,
                     key, f->format);
  }
  if (strlen(*value) < limit) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: %zu bytes, at most %zu are accepted",
                   f->path, key, strlen(*value), limit - 1);
}

static Status meta_is(const VectorFile *f, const char *key, const char *want, Error *err) {
  const char *value;
  TRY(meta_text(f, key, ERROR_TEXT / 4, &value, err));
  if (strcmp(value, want) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is \"%s\", want \"%s\"", f->path, key,
                   value, want);
}

Status vector_file_text(const VectorFile *f, const char *key, char *to, size_t size, Error *err) {
  const char *value;
  TRY(meta_text(f, key, size, &value, err));
  strcpy(to, value);
  return STATUS_OK;
}

Status vector_file_number(const VectorFile *f, const char *key, uint64_t max, uint64_t *number,
                          Error *err) {
  const char *value;
  TRY(meta_text(f, key, 24, &value, err));
  size_t digits = strspn(value, "0123456789");
  unsigned __int128 n = 0;
  for (size_t i = 0; i < digits; i++) n = n * 10 + (unsigned)(value[i] - '0');
  if (digits == 0 || value[digits] || n > max) {
    return error_set(err, STATUS_INPUT,
                     "%s: __metadata__: %s: is \"%s\", want a number of at most %" PRIu64, f->path,
                     key, value, max);
  }
  *number = (uint64_t)n;
  return STATUS_OK;
}

static Status open_file(VectorFile *f, const char *path, const char *format, Error *err) {
  f->format = format;
  f->path = strdup(path);
  if (!f->path) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(weights_open(&f->weights, path, err));
  TRY(meta_is(f, "format", format, err));
  TRY(meta_is(f, "version", VECTOR_VERSION, err));
  TRY(vector_file_text(f, "base", f->base, sizeof f->base, err));
  return vector_file_text(f, "expert", f->expert, sizeof f->expert, err);
}

Status vector_file_open(VectorFile *f, const char *path, const char *format, Error *err) {
  *f = (VectorFile){0};
  Status status = open_file(f, path, format, err);
  if (status != STATUS_OK) vector_file_close(f);
  return status;
}

void vector_file_close(VectorFile *f) {
  weights_close(f->weights);
  free(f->path);
  *f = (VectorFile){0};
}

static Status check_owner(const char *path, const char *what, const char *found, const char *want,
                          const char *name, Error *err) {
  if (strcmp(found, want) == 0) return STATUS_OK;
  return error_set(
      err, STATUS_MISMATCH,
      "%s: __metadata__: %s: made for another (%.12s) than %s (%.12s); give the file that was "
      "made for it",
      path, what, found, name ? name : "this one", want);
}

Status vector_file_check_owner(const VectorFile *f, const char *base, const char *expert,
                               const char *name, Error *err) {
  TRY(check_owner(f->path, "base", f->base, base, NULL, err));
  return check_owner(f->path, "expert", f->expert, expert, name, err);
}

char *vector_name(const Module *module, const char *suffix) {
  char *name = malloc(strlen(module->name) + 1 + strlen(suffix) + 1);
  if (name) stpcpy(stpcpy(stpcpy(name, module->name), "."), suffix);
  return name;
}

Status vector_file_locate(VectorFile *f, const Module *module, const char *suffix, Tensor *vector,
                          Error *err) {
  char *name = vector_name(module, suffix);
  Status status = name ? weights_locate(f->weights, name, 1, module->d_in, vector, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  free(name);
  return status;
}

Status vector_file_check_used(const VectorFile *f, Error *err) {
  return weights_check_used(f->weights, err);
}
