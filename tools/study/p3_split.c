/* p3-split: divides P3 sets by instance, for training experts and testing them.
 *
 *   p3-split --in FOLDER --out DIR
 *
 * Reads FOLDER/<set>.jsonl[.zst], lines {"template", "input", "target"}: rendered prompts, several
 * templates for each underlying instance. Writes
 *
 *   DIR/<set>/{train,valid,test}.jsonl   {"input", "target", "task", "template", "instance"} and,
 * of classifications, "choices" and "label" DIR/base.jsonl, base-valid.jsonl     {"input",
 * "target", "task"}: the training and the validation rows of all sets, to train a base on
 *
 * All rows of an instance lie in one part: about 70 % train, 10 % valid, 20 % test of a set's rows.
 * What an instance is: p3_instances.c; what a classification is: p3_labels.c. Rows with a blank
 * target are left out and counted in the table on stdout; a set of no other rows is not written.
 * The same files give the same bytes. */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "tools/study/p3_set.h"

static const char *const PART_NAME[P3_PARTS] = {"train", "valid", "test"};

static void *json_memory(size_t size) {
  return study_alloc(size, 1);
}

/* ---- lines ---- */

static Status write_line(FILE *stream, json_t *line, Error *err) {
  int failed = json_dumpf(line, stream, 0) != 0 || fputc('\n', stream) == EOF;
  json_decref(line);
  return failed ? error_set_errno(err, STATUS_RUN, "cannot write a line") : STATUS_OK;
}

static json_t *base_line(const P3Set *set, const P3Row *row) {
  return json_pack("{s:s,s:s,s:s}", "input", row->input, "target", row->target, "task", set->name);
}

static json_t *task_line(const P3Set *set, const P3Row *row) {
  const P3Template *template = &set->template[row->template];
  json_t *line = base_line(set, row);
  json_put(&line, "template", json_string(template->name));
  json_put(&line, "instance", json_integer((json_int_t)row->instance));
  if (!template->choices) return line;
  size_t label = 0;
  while (strcmp(json_string_value(json_array_get(template->choices, label)), row->target)) label++;
  json_put(&line, "choices", json_incref(template->choices));
  json_put(&line, "label", json_integer((json_int_t)label));
  return line;
}

/* ---- files ---- */

static Status write_part(const P3Set *set, P3Part part, const char *dir, Error *err) {
  char name[32];
  snprintf(name, sizeof name, "%s.jsonl", PART_NAME[part]);
  char *path = path_join(dir, name);
  AtomicFile file = {0};
  Status status =
      path ? atomic_open(&file, path, err) : error_set(err, STATUS_RUN, "out of memory: a path");
  for (size_t i = 0; i < set->rows && status == STATUS_OK; i++)
    if (set->row[i].part == part)
      status = write_line(file.stream, task_line(set, &set->row[i]), err);
  free(path);
  if (status == STATUS_OK) return atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

static Status write_set(const P3Set *set, const char *out, Error *err) {
  char *dir = path_join(out, set->name);
  Status status = dir ? dir_make(dir, err) : error_set(err, STATUS_RUN, "out of memory: a path");
  for (P3Part part = P3_TRAIN; part <= P3_TEST && status == STATUS_OK; part++)
    status = write_part(set, part, dir, err);
  free(dir);
  return status;
}

typedef struct BaseFiles {
  AtomicFile file[P3_TEST]; /* P3_TRAIN, P3_VALID */
} BaseFiles;

static Status write_base_rows(BaseFiles *base, const P3Set *set, Error *err) {
  for (size_t i = 0; i < set->rows; i++) {
    const P3Row *row = &set->row[i];
    if (row->part == P3_TEST) continue;
    TRY(write_line(base->file[row->part].stream, base_line(set, row), err));
  }
  return STATUS_OK;
}

static void print_set(const P3Set *set) {
  size_t instances = 0, labelled = 0, rows[P3_PARTS] = {0};
  for (size_t i = 0; i < set->rows; i++) {
    const P3Row *row = &set->row[i];
    instances += row->instance == i;
    labelled += set->template[row->template].choices != NULL;
    rows[row->part]++;
  }
  printf("%-24s %6zu %6zu %6zu %6zu %6zu %6zu %6zu\n", set->name, instances, set->templates,
         rows[P3_TRAIN], rows[P3_VALID], rows[P3_TEST], labelled, set->unanswered);
}

/* ---- all sets ---- */

static int is_set(const struct dirent *entry) {
  const char *ending = strstr(entry->d_name, ".jsonl");
  return ending && entry->d_name[0] != '.' &&
         (!strcmp(ending, ".jsonl") || !strcmp(ending, ".jsonl.zst"));
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static Status split_set(const char *path, const char *out, BaseFiles *base, Error *err) {
  P3Set set = {0};
  TRY(p3_set_read(&set, path, err));
  p3_find_instances(&set);
  p3_divide(&set);
  p3_find_labels(&set);
  Status status = set.rows ? write_set(&set, out, err) : STATUS_OK;
  if (status == STATUS_OK) status = write_base_rows(base, &set, err);
  if (status == STATUS_OK) print_set(&set);
  p3_set_free(&set);
  return status;
}

static Status open_base(BaseFiles *base, const char *out, Error *err) {
  char *train = path_join(out, "base.jsonl"), *valid = path_join(out, "base-valid.jsonl");
  Status status =
      train && valid ? dir_make(out, err) : error_set(err, STATUS_RUN, "out of memory: a path");
  if (status == STATUS_OK) status = atomic_open(&base->file[P3_TRAIN], train, err);
  if (status == STATUS_OK) status = atomic_open(&base->file[P3_VALID], valid, err);
  free(train);
  free(valid);
  return status;
}

static Status split_files(struct dirent **entry, int count, const char *in, const char *out,
                          Error *err) {
  BaseFiles base = {0};
  Status status = open_base(&base, out, err);
  printf("%-24s %6s %6s %6s %6s %6s %6s %6s\n", "set", "inst.", "templ.", "train", "valid", "test",
         "labels", "blank");
  for (int i = 0; i < count && status == STATUS_OK; i++) {
    char *path = path_join(in, entry[i]->d_name);
    status = path ? split_set(path, out, &base, err)
                  : error_set(err, STATUS_RUN, "out of memory: a path");
    free(path);
  }
  for (P3Part part = P3_TRAIN; part < P3_TEST; part++) {
    if (status == STATUS_OK)
      status = atomic_commit(&base.file[part], err);
    else
      atomic_abort(&base.file[part]);
  }
  return status;
}

static Status split_folder(const char *in, const char *out, Error *err) {
  struct dirent **entry = NULL;
  int count = scandir(in, &entry, is_set, by_name);
  if (count < 0) return error_set_errno(err, STATUS_INPUT, "%s: cannot read the folder", in);
  Status status = count ? split_files(entry, count, in, out, err)
                        : error_set(err, STATUS_INPUT, "%s: no .jsonl or .jsonl.zst in it", in);
  for (int i = 0; i < count; i++) free(entry[i]);
  free(entry);
  return status;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"in", 1, NULL, 'i'}, {"out", 1, NULL, 'o'}, {NULL, 0, NULL, 0}};
  const char *in = NULL, *out = NULL;
  int option, good = 1;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (option == 'i')
      in = optarg;
    else if (option == 'o')
      out = optarg;
    else
      good = 0;
  }
  if (!good || !in || !out || optind != argc) {
    fputs("usage: p3-split --in FOLDER --out DIR\n", stderr);
    return STATUS_USAGE;
  }
  Error err = {0};
  json_set_alloc_funcs(json_memory, free);
  Status status = split_folder(in, out, &err);
  if (status == STATUS_OK && fflush(stdout)) status = error_set_errno(&err, STATUS_RUN, "stdout");
  if (status != STATUS_OK) fprintf(stderr, "p3-split: %s\n", err.text);
  return (int)status;
}
