#include "tools/plot/trace_file.h"

#include <math.h>
#include <stdlib.h>

enum { FILE_MOST = 1 << 28 };

static Status bad_token(const TraceFile *f, const char *side, size_t at, const char *what,
                        Error *err) {
  return error_set(err, STATUS_INPUT, "%s: %s: [%zu]: %s", f->doc.file, side, at, what);
}

static Status read_token(TraceFile *f, const char *side, size_t at, json_t *value, Error *err) {
  const char *text = json_string_value(json_object_get(value, "token"));
  json_t *weight = json_object_get(value, "weight");
  if (!text) return bad_token(f, side, at, "token: want a string", err);
  if (!json_is_array(weight) || json_array_size(weight) != (size_t)f->experts)
    return bad_token(f, side, at, "weight: want an array of one number an expert", err);
  double *out = f->weight + (size_t)f->tokens * (size_t)f->experts;
  for (int e = 0; e < f->experts; e++) {
    const json_t *number = json_array_get(weight, (size_t)e);
    out[e] = json_is_number(number) ? json_number_value(number) : NAN;
    if (!isfinite(out[e])) return bad_token(f, side, at, "weight: want numbers", err);
  }
  f->token[f->tokens++] = text;
  return STATUS_OK;
}

static Status read_tokens(TraceFile *f, Error *err) {
  json_t *side[2];
  static const char *const name[2] = {"encoder", "decoder"};
  TRY(json_get_array(&f->doc, name[0], &side[0], err));
  TRY(json_get_array(&f->doc, name[1], &side[1], err));
  size_t tokens = json_array_size(side[0]) + json_array_size(side[1]);
  if (tokens == 0) return error_set(err, STATUS_INPUT, "%s: has no token", f->doc.file);
  f->token = calloc(tokens, sizeof *f->token);
  f->weight = calloc(tokens * (size_t)f->experts, sizeof *f->weight);
  if (!f->token || !f->weight) return error_set(err, STATUS_RUN, "%s: out of memory", f->doc.file);
  for (int s = 0; s < 2; s++) {
    for (size_t i = 0; i < json_array_size(side[s]); i++)
      TRY(read_token(f, name[s], i, json_array_get(side[s], i), err));
    if (s == 0) f->encoder = f->tokens;
  }
  return STATUS_OK;
}

static Status read_file(TraceFile *f, const char *path, Error *err) {
  TRY(json_parse_file(&f->doc, path, FILE_MOST, err));
  TRY(json_get_string(&f->doc, "task", &f->task, err));
  TRY(json_get_string(&f->doc, "method", &f->method, err));
  TRY(json_get_string(&f->doc, "pool", &f->pool, err));
  TRY(json_get_array(&f->doc, "experts", &f->expert, err));
  f->experts = (int)json_array_size(f->expert);
  for (int e = 0; e < f->experts; e++)
    if (!json_is_string(json_array_get(f->expert, (size_t)e)))
      return error_set(err, STATUS_INPUT, "%s: experts: [%d]: want a string", path, e);
  if (f->experts == 0) return error_set(err, STATUS_INPUT, "%s: experts: is empty", path);
  return read_tokens(f, err);
}

Status trace_file_read(TraceFile *f, const char *path, Error *err) {
  *f = (TraceFile){0};
  Status status = read_file(f, path, err);
  if (status != STATUS_OK) trace_file_free(f);
  return status;
}

void trace_file_free(TraceFile *f) {
  free(f->weight);
  free(f->token);
  json_free(&f->doc);
  *f = (TraceFile){0};
}

const char *trace_file_expert(const TraceFile *f, int expert) {
  return json_string_value(json_array_get(f->expert, (size_t)expert));
}
