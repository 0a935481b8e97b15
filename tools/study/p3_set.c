#include "tools/study/p3_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/jsonl.h"

static void *checked_memory(void *memory) {
  if (memory) return memory;
  fputs("p3-split: out of memory\n", stderr);
  exit(STATUS_RUN);
}

void *study_alloc(size_t count, size_t size) {
  return checked_memory(calloc(count ? count : 1, size));
}

void *study_grow(void *memory, size_t count, size_t size) {
  return checked_memory(reallocarray(memory, count ? count : 1, size));
}

static size_t template_index(P3Set *set, const char *name) {
  for (size_t t = 0; t < set->templates; t++)
    if (strcmp(set->template[t].name, name) == 0) return t;
  set->template = study_grow(set->template, set->templates + 1, sizeof *set->template);
  set->template[set->templates] = (P3Template){.name = name};
  return set->templates++;
}

static Status add_row(P3Set *set, const Jsonl *lines, int64_t i, Error *err) {
  JsonlLine line = jsonl_line(lines, i);
  P3Row *row = &set->row[set->rows];
  *row = (P3Row){.doc = {.file = set->path, .line = line.number, .byte = line.byte}};
  const char *template = NULL;
  Status status = json_parse(&row->doc, line.text, line.size, err);
  if (status == STATUS_OK) status = json_get_string(&row->doc, "template", &template, err);
  if (status == STATUS_OK) status = json_get_string(&row->doc, "input", &row->input, err);
  if (status == STATUS_OK) status = json_get_string(&row->doc, "target", &row->target, err);
  int blank = status == STATUS_OK && !row->target[strspn(row->target, " \t\r\n")];
  if (status != STATUS_OK || blank) {
    json_free(&row->doc);
    set->unanswered += (size_t)blank;
    return status;
  }
  row->template = template_index(set, template);
  set->template[row->template].rows++;
  set->rows++;
  return STATUS_OK;
}

/* FOLDER/NAME.jsonl[.zst] -> NAME */
static char *set_name(const char *path) {
  const char *slash = strrchr(path, '/');
  char *name = checked_memory(strdup(slash ? slash + 1 : path));
  char *ending = strstr(name, ".jsonl");
  if (ending) *ending = '\0';
  return name;
}

Status p3_set_read(P3Set *set, const char *path, Error *err) {
  *set = (P3Set){.path = checked_memory(strdup(path)), .name = set_name(path)};
  Jsonl *lines = NULL;
  Status status = jsonl_open(&lines, path, err);
  if (status == STATUS_OK) {
    int64_t count = jsonl_count(lines);
    set->row = study_alloc((size_t)count, sizeof *set->row);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) status = add_row(set, lines, i, err);
  }
  jsonl_close(lines);
  if (status != STATUS_OK) p3_set_free(set);
  return status;
}

void p3_set_free(P3Set *set) {
  for (size_t i = 0; i < set->rows; i++) json_free(&set->row[i].doc);
  for (size_t t = 0; t < set->templates; t++) json_decref(set->template[t].choices);
  free(set->row);
  free(set->template);
  free(set->path);
  free(set->name);
  *set = (P3Set){0};
}
