#include "infer/instruct/instructions.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "data/text/jsonl.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: instructions");
}

Status instructions_add(Instructions *i, const char *name, int64_t sample, const char *question,
                        const char *text, Error *err) {
  Instruction *grown = array_grow(i->line, (size_t)i->count, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  i->line = grown;
  Instruction *line = &i->line[i->count];
  *line = (Instruction){.name = strdup(name), .text = strdup(text), .sample = sample};
  strncat(line->question, question, HASH_HEX - 1);
  i->count++; /* freed with the others */
  return line->name && line->text ? STATUS_OK : no_memory(err);
}

void instructions_free(Instructions *i) {
  for (int k = 0; k < i->count; k++) {
    free(i->line[k].name);
    free(i->line[k].text);
  }
  free(i->line);
  *i = (Instructions){0};
}

const Instruction *instructions_answer(const Instructions *i, const char *question) {
  for (int k = 0; k < i->count; k++)
    if (strcmp(i->line[k].question, question) == 0) return &i->line[k];
  return NULL;
}

const Instruction *instructions_find(const Instructions *i, const char *name) {
  for (int k = 0; k < i->count; k++)
    if (strcmp(i->line[k].name, name) == 0) return &i->line[k];
  return NULL;
}

/* ---- reading ---- */

static Status read_fields(Instructions *i, const JsonDoc *doc, Error *err) {
  const char *name, *text, *question = "";
  int64_t sample = 0;
  TRY(json_get_string(doc, "name", &name, err));
  TRY(json_get_string(doc, "instruction", &text, err));
  if (json_has(doc, "sample")) TRY(json_get_int(doc, "sample", 0, INT32_MAX, &sample, err));
  if (json_has(doc, "question")) TRY(json_get_string(doc, "question", &question, err));
  return instructions_add(i, name, sample, question, text, err);
}

static Status read_lines(Instructions *i, const Jsonl *lines, Error *err) {
  for (int64_t k = 0; k < jsonl_count(lines); k++) {
    JsonlLine line = jsonl_line(lines, k);
    JsonDoc doc = {.file = jsonl_path(lines), .line = line.number, .byte = line.byte};
    TRY(json_parse(&doc, line.text, line.size, err));
    Status status = read_fields(i, &doc, err);
    json_free(&doc);
    TRY(status);
  }
  return STATUS_OK;
}

Status instructions_read(Instructions *i, const char *path, Error *err) {
  Jsonl *lines;
  *i = (Instructions){0};
  TRY(jsonl_open(&lines, path, err));
  Status status = read_lines(i, lines, err);
  jsonl_close(lines);
  if (status != STATUS_OK) instructions_free(i);
  return status;
}

/* ---- writing ---- */

static json_t *line_object(const Instruction *line) {
  json_t *o = json_object();
  json_put(&o, "name", json_string(line->name));
  json_put(&o, "instruction", json_string(line->text));
  json_put(&o, "sample", json_integer(line->sample));
  if (line->question[0]) json_put(&o, "question", json_string(line->question));
  return o;
}

static Status write_lines(const Instructions *i, FILE *out, Error *err) {
  for (int k = 0; k < i->count; k++) {
    json_t *o = line_object(&i->line[k]);
    int failed = o ? json_dumpf(o, out, JSON_COMPACT) : 0;
    json_decref(o);
    if (!o) return no_memory(err);
    if (failed == 0) fputc('\n', out); /* what fails on the way, the commit tells */
  }
  return STATUS_OK;
}

Status instructions_write(const Instructions *i, const char *path, Error *err) {
  AtomicFile f;
  TRY(atomic_open(&f, path, err));
  Status status = write_lines(i, f.stream, err);
  if (status == STATUS_OK) return atomic_commit(&f, err);
  atomic_abort(&f);
  return status;
}
