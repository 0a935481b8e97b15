#include "tests/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/temporary.h"
#include "tests/testing.h"

static const Target *const ROOMS[] = {
    json_targets,    text_targets,   tensor_targets,   tokenizer_targets, example_targets,
    t5_targets,      expert_targets, released_targets, pool_targets,      eval_targets,
    compare_targets, train_targets,  plot_targets,     instruct_targets,  sentence_targets};

const Target *target_at(size_t i) {
  for (size_t room = 0; room < sizeof ROOMS / sizeof *ROOMS; room++) {
    for (const Target *t = ROOMS[room]; t->name; t++) {
      if (i-- == 0) return t;
    }
  }
  return NULL;
}

const Target *target_find(const char *name) {
  const Target *t = NULL;
  for (size_t i = 0; (t = target_at(i)) && strcmp(t->name, name) != 0; i++) continue;
  return t;
}

Stage stage_open(const Target *target) {
  Stage s = {.target = target};
  Error err = {0};
  sound(temporary_dir(&s.dir, "fuzzing", &err), &err);
  if (target->file) MUST((s.path = path_join(s.dir, target->file)));
  if (target->world) s.world = target->world(s.dir);
  return s;
}

/* A new file each time: ext4 flushes a file that was cut to nothing when it is closed. */
static void write_bytes(const char *path, const void *bytes, size_t size) {
  remove(path);
  FILE *f = fopen(path, "wb");
  MUST(f);
  MUST(fwrite(bytes, 1, size, f) == size);
  MUST(fclose(f) == 0);
}

void stage_run(const Stage *s, const void *bytes, size_t size) {
  if (s->path) write_bytes(s->path, bytes, size);
  const Input in = {s->dir, s->path, bytes, size, s->world};
  s->target->run(&in);
}

void stage_close(Stage *s) {
  if (s->target->end) s->target->end(s->world);
  dir_remove(s->dir, NULL);
  free(s->dir);
  free(s->path);
  *s = (Stage){0};
}

void must(bool holds, const char *what, const char *file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

/* One line of what the input is to be blamed for, which names the folder where there is a file. */
static bool is_refusal(const Input *in, Status got, const Error *err) {
  bool blames = got == STATUS_INPUT || got == STATUS_MISMATCH || got == STATUS_USAGE;
  bool named = !in->path || strstr(err->text, in->dir);
  bool line = *err->text;
  for (const char *p = err->text; *p; p++) line &= (unsigned char)*p >= 0x20;
  return blames && named && line;
}

bool taken(const Input *in, Status got, const Error *err) {
  bool good = got == err->status && (got == STATUS_OK || is_refusal(in, got, err));
  if (!good) fprintf(stderr, "status %d, error %d: %s\n", (int)got, (int)err->status, err->text);
  MUST(good);
  return got == STATUS_OK;
}

void sound(Status got, const Error *err) {
  if (got != STATUS_OK) fprintf(stderr, "status %d: %s\n", (int)got, err->text);
  MUST(got == STATUS_OK);
}

char *place(const Input *in, const char *name) {
  char *path = path_join(in->dir, name);
  MUST(path);
  return path;
}

void forget_sums(const Input *in) {
  enum { LOCAL = 0x04034b50, ENTRY = 0x02014b50, LOCAL_SUM = 14, ENTRY_SUM = 16, SUM = 4 };
  char *bytes = malloc(in->size + 1);
  MUST(bytes);
  memcpy(bytes, in->bytes, in->size);
  for (size_t i = 0; i + ENTRY_SUM + SUM <= in->size; i++) {
    uint32_t mark;
    memcpy(&mark, in->bytes + i, sizeof mark);
    if (mark == LOCAL) memset(bytes + i + LOCAL_SUM, 0, SUM);
    if (mark == ENTRY) memset(bytes + i + ENTRY_SUM, 0, SUM);
  }
  write_bytes(in->path, bytes, in->size);
  free(bytes);
}

void borrow(const char *dir, const char *golden) {
  Error err = {0};
  char *from = golden_path("%s", golden), *to = path_join(dir, path_last(golden)), *bytes;
  size_t size;
  MUST(to);
  sound(file_read(from, 1 << 20, &bytes, &size, &err), &err);
  write_bytes(to, bytes, size);
  free(bytes);
  free(from);
  free(to);
}
