/* The readers of lines, tables, YAML and settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/csv.h"
#include "data/text/jsonl.h"
#include "data/text/jsonl_zstd.h"
#include "data/text/yaml.h"
#include "data/text/yaml_tree.h"
#include "tests/fuzz/target.h"
#include "tests/settings.h"

/* ---- lines ---- */

/* The lines of a file are those of a file of these lines. */
static void read_jsonl(const Input *in) {
  Error err = {0};
  Jsonl *lines, *again;
  if (!taken(in, jsonl_open(&lines, in->path, &err), &err)) return;
  char *copy = place(in, "copy.jsonl");
  FILE *f = fopen(copy, "wb");
  MUST(f);
  fputs("\xef\xbb\xbf", f); /* or a first line that begins like it would lose its beginning */
  for (int64_t i = 0; i < jsonl_count(lines); i++) {
    JsonlLine line = jsonl_line(lines, i);
    fwrite(line.text, 1, line.size, f);
    fputs("\r\n", f); /* of a line that ends in CR, only this LF does not take it */
  }
  MUST(fclose(f) == 0);
  sound(jsonl_open(&again, copy, &err), &err);
  MUST(jsonl_count(again) == jsonl_count(lines));
  for (int64_t i = 0; i < jsonl_count(lines); i++) {
    JsonlLine a = jsonl_line(lines, i), b = jsonl_line(again, i);
    MUST(a.size == b.size && memcmp(a.text, b.text, a.size) == 0 && b.number == i + 1);
  }
  jsonl_close(again);
  jsonl_close(lines);
  remove(copy);
  free(copy);
}

/* With limits that small bombs reach. */
static void expand_zstd(const Input *in) {
  const JsonlLimits limits = {.line = 1 << 16, .blank = 1 << 12, .total = 1 << 18, .index = 16};
  Error err = {0};
  MappedFile file;
  int fd = -1;
  sound(mapped_open(&file, in->path, &err), &err);
  if (jsonl_is_compressed(&file) && taken(in, jsonl_expand(&file, &limits, &fd, &err), &err)) {
    FILE *text = fdopen(fd, "rb");
    MUST(text && fseek(text, 0, SEEK_END) == 0 && ftell(text) <= limits.total);
    fclose(text);
  }
  mapped_close(&file);
}

/* ---- tables ---- */

enum { FIELDS = 8 };

static char *copy_text(const Input *in) {
  char *text = malloc(in->size + 1);
  MUST(text);
  memcpy(text, in->bytes, in->size);
  text[in->size] = '\0';
  return text;
}

/* Rows with as many fields as are kept, written again. Where that is so of all, true. */
static bool copy_rows(const Input *in, char *text, FILE *out) {
  Error err = {0};
  CsvReader r;
  char *field[FIELDS];
  int fields = 0;
  Status status = csv_open(&r, "x.csv", text, in->size, &err);
  while (status == STATUS_OK) {
    status = csv_read(&r, field, FIELDS, &fields, &err);
    if (status != STATUS_OK || fields == 0) break;
    for (int i = 0; i < fields && i < FIELDS; i++) {
      if (i > 0) fputc(',', out);
      csv_put(out, field[i]);
    }
    fputc('\n', out);
  }
  return taken(in, status, &err);
}

static void read_csv(const Input *in) {
  char *text = copy_text(in), *once = NULL, *twice = NULL;
  size_t size, size_again;
  FILE *out = open_memstream(&once, &size);
  MUST(out);
  bool whole = copy_rows(in, text, out);
  fclose(out);
  if (whole) {
    char *first = strdup(once);
    out = open_memstream(&twice, &size_again);
    MUST(first && out);
    MUST(copy_rows(&(Input){.size = size}, once, out));
    fclose(out);
    MUST(strcmp(first, twice) == 0);
    free(first);
    free(twice);
  }
  free(once);
  free(text);
}

/* ---- YAML and settings ---- */

static void read_yaml(const Input *in) {
  static const char *const NUMBERS[] = {"rank", "alpha", "modules", "version", NULL};
  const char *const *numbers[] = {NULL, NUMBERS};
  char *copy = place(in, "copy.yaml");
  for (int i = 0; i < 2; i++) {
    Error err = {0};
    JsonDoc doc, again;
    if (!taken(in, yaml_parse_file(&doc, in->path, numbers[i], &err), &err)) continue;
    sound(yaml_write_file(doc.root, copy, &err), &err);
    sound(yaml_parse_file(&again, copy, NULL, &err), &err);
    MUST(json_equal(doc.root, again.root));
    json_free(&again);
    json_free(&doc);
  }
  remove(copy);
  free(copy);
}

/* What the settings are, as a configuration. */
static char *record_of(const Fixture *f) {
  char *record = options_record(&f->o);
  MUST(record);
  return record;
}

/* The record of settings reads back to them. */
static void check_record(Fixture *f) {
  Error err = {0};
  Fixture again;
  char *record = record_of(f);
  fixture_init(&again);
  sound(fixture_read(&again, record, &err), &err);
  char *second = record_of(&again);
  MUST(strcmp(record, second) == 0);
  free(second);
  free(record);
  options_free(&again.o);
}

static void read_options(const Input *in) {
  Error err = {0};
  Fixture f;
  fixture_init(&f);
  if (taken(in, options_read_text(&f.o, in->bytes, in->size, in->dir, &err), &err)) {
    check_record(&f);
  }
  options_free(&f.o);
}

static void assign_options(const Input *in) {
  Error err = {0};
  Fixture f;
  fixture_init(&f);
  char *text = copy_text(in);
  if (taken(in, options_assign(&f.o, text, &err), &err)) check_record(&f);
  free(text);
  options_free(&f.o);
}

const Target text_targets[] = {
    {.name = "jsonl",
     .file = "x.jsonl",
     .seeds = "tests/golden/tokenizer/*.jsonl configs/demo/data/sort/valid.jsonl.zst",
     .words = "json",
     .most = 1024,
     .run = read_jsonl},
    {.name = "zstd",
     .file = "x.zst",
     .seeds = "configs/demo/data/sort/*.zst configs/demo/data/hue/valid.jsonl.zst",
     .most = 8192,
     .run = expand_zstd},
    {.name = "csv", .seeds = "tests/fuzz/seeds/rows.csv", .most = 1024, .run = read_csv},
    {.name = "yaml",
     .file = "x.yaml",
     .seeds = "configs/demo/*.yaml configs/*/*.yaml",
     .words = "yaml",
     .most = 4096,
     .run = read_yaml},
    {.name = "options",
     .seeds = "tests/fuzz/seeds/options.yaml configs/demo/*.yaml",
     .words = "yaml",
     .most = 1024,
     .run = read_options},
    {.name = "assignment",
     .seeds = "tests/fuzz/seeds/assignment.txt",
     .words = "yaml",
     .most = 256,
     .run = assign_options},
    {0},
};
