/* jsonl: which lines a file has, plain or compressed, and where a bad one is. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/hash.h"
#include "data/text/jsonl.h"
#include "tests/frames.h"
#include "tests/mutate.h"
#include "tests/scratch.h"

enum { WANTED_MAX = 5 };

typedef struct TextCase {
  const char *text;
  struct {
    const char *line;
    int64_t number, byte;
  } want[WANTED_MAX]; /* up to the first without a line */
} TextCase;

static const TextCase TEXTS[] = {
    {"", {{NULL, 0, 0}}},
    {"\n", {{NULL, 0, 0}}},
    {" \t\r\n\n", {{NULL, 0, 0}}},
    {"a", {{"a", 1, 0}}},
    {"a\n", {{"a", 1, 0}}},
    {"a\r\n", {{"a", 1, 0}}},
    {"a\r", {{"a", 1, 0}}},
    {"a\n\n", {{"a", 1, 0}}},
    {"one\ntwo", {{"one", 1, 0}, {"two", 2, 4}}},
    {"one\r\ntwo\r\n", {{"one", 1, 0}, {"two", 2, 5}}},
    {"\n\none\n \t\n two \n", {{"one", 3, 2}, {" two ", 5, 9}}},
    {"\xe2\x82\xac\n\xf0\x9f\x98\x80", {{"\xe2\x82\xac", 1, 0}, {"\xf0\x9f\x98\x80", 2, 4}}},
    {"a\rb\n", {{"a\rb", 1, 0}}},
    {"\xef\xbb\xbf", {{NULL, 0, 0}}},
    {"\xef\xbb\xbfone\r\ntwo", {{"one", 1, 3}, {"two", 2, 8}}},
    {"\xef\xbb\xbf\na\n", {{"a", 2, 4}}},
};
enum { TEXT_COUNT = sizeof TEXTS / sizeof TEXTS[0] };

static void expect_these(const Jsonl *j, const TextCase *t) {
  int64_t count = 0;
  while (count < WANTED_MAX && t->want[count].line) count++;
  assert_int_equal(jsonl_count(j), count);
  for (int64_t i = 0; i < count; i++) {
    JsonlLine line = jsonl_line(j, i);
    assert_int_equal(line.size, strlen(t->want[i].line));
    assert_memory_equal(line.text, t->want[i].line, line.size);
    assert_int_equal(line.number, t->want[i].number);
    assert_int_equal(line.byte, t->want[i].byte);
  }
}

static void expect_lines(const char *path, const TextCase *t) {
  Jsonl *j;
  Error err = {0};
  char hex[HASH_HEX];
  expect_ok(t->text, jsonl_open(&j, path, &err), &err);
  assert_string_equal(jsonl_path(j), path);
  expect_these(j, t);
  Hash *hash = hash_new();
  hash_add(hash, t->text, strlen(t->text));
  hash_finish(hash, hex);
  assert_string_equal(jsonl_hash(j), hex);
  jsonl_close(j);
}

static void plain_lines(void **state) {
  for (int i = 0; i < TEXT_COUNT; i++) {
    const char *text = TEXTS[i].text;
    expect_lines(scratch_write(*state, "plain.zst", text, strlen(text)), &TEXTS[i]);
  }
  jsonl_close(NULL);
}

/* The text cut into two frames at every place, with a skippable frame between them. */
static void compressed_lines(void **state) {
  unsigned char bytes[200];
  for (int i = 0; i < TEXT_COUNT; i++) {
    const char *text = TEXTS[i].text;
    size_t size = strlen(text);
    for (size_t cut = 0; cut <= size; cut++) {
      size_t n = frame_raw(bytes, text, cut);
      n += frame_skippable(bytes + n, 3);
      memcpy(bytes + n, "abc", 3);
      n += 3;
      n += frame_raw(bytes + n, text + cut, size - cut);
      expect_lines(scratch_write(*state, "packed.jsonl", bytes, n), &TEXTS[i]);
    }
  }
}

static void bad_texts_are_refused_with_their_place(void **state) {
  const struct {
    const char *text;
    size_t size;
    const char *words;
  } cases[] = {
      {"{}\n{\"a\":\"\xff\"}\n", 13, "line 2: byte 9: is not UTF-8"},
      {"\n\n\xc3", 3, "line 3: byte 2: is not UTF-8"},
      {"a\n\xe2\x82\nb", 6, "line 2: byte 2: is not UTF-8"},
      {"ab\0\n", 4, "line 1: byte 2: a NUL byte"},
      {"ab\n\n\0", 5, "line 3: byte 4: a NUL byte"},
      {"\xff\xfe{\0}\0", 6, "line 1: byte 3: a NUL byte"},
      {"\x1f\x8b\x08\0\0\0\0\0", 8, "is not JSONL but compressed by gzip; decompress it"},
      {"version https://git-lfs.github.com/spec/v1\n", 43, "is not JSONL but a Git LFS pointer"},
      {"<!doctype html>\n", 16, "is not JSONL but an HTML page"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned char packed[100];
    size_t size = frame_raw(packed, cases[i].text, cases[i].size);
    for (int compressed = 0; compressed < 2; compressed++) {
      const void *bytes = compressed ? (const void *)packed : cases[i].text;
      const char *path = scratch_write(*state, "bad", bytes, compressed ? size : cases[i].size);
      Jsonl *j;
      Error err = {0};
      Status got = jsonl_open(&j, path, &err);
      expect_error(cases[i].words, got, &err, STATUS_INPUT, "/bad: ");
      expect_error(cases[i].words, got, &err, STATUS_INPUT, cases[i].words);
      assert_null(j);
    }
  }
}

/* A file of `zeros` zero bytes that take no room on the disk. */
static const char *write_sparse(Scratch *s, const char *name, size_t zeros) {
  assert_int_equal(truncate(scratch_write(s, name, "", 0), (off_t)zeros), 0);
  return s->path;
}

static void a_line_has_a_size_limit(void **state) {
  Jsonl *j;
  Error err = {0};
  const char *path = write_sparse(*state, "long", JSONL_LINE_MAX + 1);
  expect_error("longer", jsonl_open(&j, path, &err), &err, STATUS_INPUT,
               "/long: line 1: byte 0: the line is longer than 64 MiB");
  err = (Error){0};
  path = write_sparse(*state, "long", JSONL_LINE_MAX);
  expect_error("at the limit", jsonl_open(&j, path, &err), &err, STATUS_INPUT,
               "line 1: byte 0: a NUL byte");
}

static void missing_files_are_named(void **state) {
  Jsonl *j;
  Error err = {0};
  expect_error("missing", jsonl_open(&j, scratch_path(*state, "none.jsonl"), &err), &err,
               STATUS_INPUT, "/none.jsonl: cannot open: No such file");
}

static void many_lines(void **state) {
  enum { COUNT = 100000, WIDTH = 7 };
  char *text = malloc(COUNT * WIDTH + 1);
  for (int i = 0; i < COUNT; i++) sprintf(text + i * WIDTH, "%06d\n", i);
  Jsonl *j;
  Error err = {0};
  expect_ok("open", jsonl_open(&j, scratch_write(*state, "many", text, COUNT * WIDTH), &err), &err);
  assert_int_equal(jsonl_count(j), COUNT);
  for (int i = 0; i < COUNT; i += 997) {
    JsonlLine line = jsonl_line(j, i);
    assert_int_equal(line.number, i + 1);
    assert_int_equal(line.byte, i * WIDTH);
    assert_memory_equal(line.text, text + i * WIDTH, WIDTH - 1);
  }
  jsonl_close(j);
  free(text);
}

/* Blocks that do not fill the decoder's buffer evenly, so that text is left in it when all input
 * has been read. */
static void text_larger_than_the_buffers_is_whole(void **state) {
  enum { FIRST = 100000, SECOND = 131072 };
  unsigned char frame[20];
  size_t n = frame_begin(frame, 0, 0x88);
  n += frame_block(frame + n, BLOCK_RLE, 0, "\n", FIRST);
  n += frame_block(frame + n, BLOCK_RLE, 1, "\n", SECOND);
  char hex[HASH_HEX];
  Hash *hash = hash_new();
  for (int i = 0; i < FIRST + SECOND; i++) hash_add(hash, "\n", 1);
  hash_finish(hash, hex);
  Jsonl *j;
  Error err = {0};
  expect_ok("open", jsonl_open(&j, scratch_write(*state, "blocks", frame, n), &err), &err);
  assert_int_equal(jsonl_count(j), 0);
  assert_string_equal(jsonl_hash(j), hex);
  jsonl_close(j);
}

static void mutated_files_are_survived(void **state) {
  enum { ROUNDS = 1500 };
  static const char *const pieces[] = {"\n",           "\r\n",     "\n\n",
                                       "\xef\xbb\xbf", "\xf0\x9f", "\x28\xb5\x2f\xfd"};
  static const char text[] = "{\"input\":\"caf\xc3\xa9\"}\r\n\n{\"input\":\"\xe2\x82\xac\"}\n[1]";
  unsigned char original[100], bytes[100];
  size_t size = frame_raw(original, text, 20);
  size += frame_raw(original + size, text + 20, sizeof text - 1 - 20);
  Rng rng = {.key = 3};
  int opened = 0;
  for (int i = 0; i < ROUNDS; i++) {
    memcpy(bytes, original, size);
    size_t n = mutate(bytes, size, pieces, sizeof pieces / sizeof pieces[0], &rng);
    Jsonl *j;
    Error err = {0};
    Status status = jsonl_open(&j, scratch_write(*state, "fuzz", bytes, n), &err);
    if (status == STATUS_OK) {
      opened++;
      for (int64_t k = 0; k < jsonl_count(j); k++) {
        JsonlLine line = jsonl_line(j, k);
        assert_null(memchr(line.text, '\n', line.size));
        assert_in_range(line.size, 1, sizeof text);
      }
    } else {
      expect_error("mutation", status, &err, STATUS_INPUT, "/fuzz: ");
    }
    jsonl_close(j);
  }
  assert_in_range(opened, ROUNDS / 100, ROUNDS / 2); /* both outcomes are exercised */
}

/* ---- what comes once ---- */

typedef struct Feed {
  const char *bytes;
  size_t size;
  int to;
} Feed;

/* A byte at a time, as slow as the reader lets it be. */
static void *feed(void *arg) {
  const Feed *f = arg;
  for (size_t i = 0; i < f->size; i++) assert_int_equal(write(f->to, f->bytes + i, 1), 1);
  close(f->to);
  return NULL;
}

typedef Status OpenLines(Jsonl **j, const char *path, Error *err);

/* The lines of bytes that come through a pipe. */
static void expect_fed(OpenLines *open, const char *bytes, size_t size, const TextCase *t) {
  int ends[2];
  char path[32];
  pthread_t feeder;
  Jsonl *j;
  Error err = {0};
  assert_int_equal(pipe(ends), 0);
  snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
  Feed f = {bytes, size, ends[1]};
  assert_int_equal(pthread_create(&feeder, NULL, feed, &f), 0);
  expect_ok(t->text, open(&j, path, &err), &err);
  assert_true(open == jsonl_follow || jsonl_ended(j));
  while (!jsonl_ended(j)) {
    int64_t before = jsonl_count(j);
    expect_ok(t->text, jsonl_more(j, &err), &err);
    assert_true(jsonl_count(j) > before || jsonl_ended(j));
  }
  expect_these(j, t);
  expect_ok(t->text, jsonl_more(j, &err), &err); /* there is nothing to wait for */
  jsonl_close(j);
  pthread_join(feeder, NULL);
  close(ends[0]);
}

static void lines_come_through_pipes(void **state) {
  (void)state;
  for (int i = 0; i < TEXT_COUNT; i++) {
    const char *text = TEXTS[i].text;
    unsigned char packed[100];
    size_t size = frame_raw(packed, text, strlen(text));
    OpenLines *const open[] = {jsonl_take, jsonl_follow};
    for (int k = 0; k < 2; k++) {
      expect_fed(open[k], text, strlen(text), &TEXTS[i]);
      expect_fed(open[k], (const char *)packed, size, &TEXTS[i]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_lines),
      cmocka_unit_test(compressed_lines),
      cmocka_unit_test(bad_texts_are_refused_with_their_place),
      cmocka_unit_test(a_line_has_a_size_limit),
      cmocka_unit_test(missing_files_are_named),
      cmocka_unit_test(many_lines),
      cmocka_unit_test(text_larger_than_the_buffers_is_whole),
      cmocka_unit_test(mutated_files_are_survived),
      cmocka_unit_test(lines_come_through_pipes),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
