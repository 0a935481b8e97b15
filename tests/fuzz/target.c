#include "tests/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/temporary.h"
#include "tests/testing.h"

static const Target *const ROOMS[] = {json_targets, text_targets, tensor_targets,
                                      tokenizer_targets};

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
  if (target->file) MUST(s.path = path_join(s.dir, target->file));
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

bool taken(const Input *in, Status got, const Error *err) {
  MUST(got == err->status);
  if (got == STATUS_OK) return true;
  MUST(got == STATUS_INPUT || got == STATUS_MISMATCH || got == STATUS_USAGE);
  for (const char *p = err->text; *p; p++) MUST((unsigned char)*p >= 0x20);
  if (in->path) MUST(strstr(err->text, in->dir));
  return false;
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
