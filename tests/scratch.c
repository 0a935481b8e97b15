#include "tests/scratch.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"

int scratch_setup(void **state) {
  Scratch *s = calloc(1, sizeof *s);
  if (!s) return -1;
  snprintf(s->dir, sizeof s->dir, "/tmp/skein-test-XXXXXX");
  *state = s;
  return mkdtemp(s->dir) ? 0 : -1;
}

int scratch_teardown(void **state) {
  Scratch *s = *state;
  Status status = dir_remove(s->dir, NULL);
  free(s);
  return status == STATUS_OK ? 0 : -1;
}

const char *scratch_path(Scratch *s, const char *name) {
  int n = snprintf(s->path, sizeof s->path, "%s/%s", s->dir, name);
  assert_in_range(n, 1, sizeof s->path - 1);
  return s->path;
}

const char *scratch_write(Scratch *s, const char *name, const void *data, size_t size) {
  /* A new file each time: ext4 flushes a file that was cut to nothing when it is closed. */
  remove(scratch_path(s, name));
  FILE *f = fopen(s->path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
  return s->path;
}

int scratch_count(const Scratch *s) {
  DIR *dir = opendir(s->dir);
  assert_non_null(dir);
  int count = -2;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

void expect_error(const char *what, Status got, const Error *err, Status want, const char *words) {
  if (got != want || err->status != want) {
    fail_msg("%s: got status %d (%s), want %d", what, (int)got, err->text, (int)want);
  }
  for (const char *p = err->text; *p; p++) {
    if ((unsigned char)*p < 0x20) fail_msg("%s: control byte in '%s'", what, err->text);
  }
  for (const char *word = words, *end; *word; word = *end ? end + 1 : end) {
    end = strchrnul(word, '|');
    char needle[256];
    assert_in_range(end - word, 1, sizeof needle - 1);
    snprintf(needle, sizeof needle, "%.*s", (int)(end - word), word);
    if (!strstr(err->text, needle)) fail_msg("%s: '%s' is not in '%s'", what, needle, err->text);
  }
}

void expect_ok(const char *what, Status got, const Error *err) {
  if (got != STATUS_OK) fail_msg("%s: got status %d (%s)", what, (int)got, err->text);
}
