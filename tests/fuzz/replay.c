/* replay: gives every target its seeds, without a fuzzer. Usage: replay [FOLDER]
 *
 * With a folder the seeds are written there, each target's in a folder of its own, and a line of it
 * is printed: its name, the most bytes of an input, the file of words ("-": none). */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/fuzz/target.h"

/* Where seeds go: to the target, or below a folder. */
typedef struct Sink {
  const char *folder; /* NULL: to the target */
  const Stage *stage;
  int seeds;
} Sink;

static void put_seed(Sink *sink, const char *path) {
  Error err = {0};
  char *bytes;
  size_t size;
  sound(file_read(path, 1 << 20, &bytes, &size, &err), &err);
  if (sink->folder && size <= sink->stage->target->most) {
    char *name = NULL;
    MUST(asprintf(&name, "%s/%s/%d", sink->folder, sink->stage->target->name, sink->seeds) > 0);
    sound(file_write(name, bytes, size, &err), &err);
    free(name);
  }
  if (!sink->folder) stage_run(sink->stage, bytes, size);
  sink->seeds++;
  free(bytes);
}

static void put_matching(Sink *sink, const char *pattern) {
  const char *root = getenv("SKEIN_ROOT");
  char *whole = path_join(root ? root : ".", pattern);
  glob_t found;
  MUST(whole);
  if (glob(whole, 0, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) put_seed(sink, found.gl_pathv[i]);
    globfree(&found);
  }
  free(whole);
}

static void put_made(Sink *sink) {
  FILE *made = sink->stage->path ? fopen(sink->stage->path, "rb") : NULL;
  if (!made) return;
  fclose(made);
  put_seed(sink, sink->stage->path);
}

static int put_seeds(const Target *target, const char *folder) {
  Stage stage = stage_open(target);
  Sink sink = {folder, &stage, 0};
  char *dir = NULL, *found = NULL, *patterns = strdup(target->seeds), *rest = NULL;
  Error err = {0};
  MUST(patterns && asprintf(&found, "tests/fuzz/found/%s/*", target->name) > 0);
  if (folder) MUST((dir = path_join(folder, target->name)));
  if (folder) sound(dir_make(dir, &err), &err);
  put_made(&sink);
  char *pattern = strtok_r(patterns, " ", &rest);
  for (; pattern; pattern = strtok_r(NULL, " ", &rest)) put_matching(&sink, pattern);
  put_matching(&sink, found);
  MUST(sink.seeds > 0);
  free(patterns);
  free(found);
  free(dir);
  stage_close(&stage);
  return sink.seeds;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : NULL;
  int seeds = 0;
  size_t i = 0;
  for (const Target *t; (t = target_at(i)); i++) {
    seeds += put_seeds(t, folder);
    if (folder) printf("%s %zu %s\n", t->name, t->most, t->words ? t->words : "-");
  }
  if (!folder) printf("%d passed, 0 failed\n", seeds);
  return 0;
}
