/* jsonl_zstd: frames spelt out by hand, damaged in each way, and bombs that meet a limit. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "data/text/jsonl_zstd.h"
#include "tests/frames.h"
#include "tests/scratch.h"

enum { LINE_MAX_BYTES = 100, TOTAL_MAX_BYTES = 1000, BLANK_MAX_BYTES = 1000, INDEX_BYTES = 16 };

/* Expands a file of these bytes; on success its text is in *text, which the caller frees. */
static Status expand(Scratch *s, const void *bytes, size_t size, char **text, Error *err) {
  MappedFile in, out;
  int fd;
  expect_ok("map", mapped_open(&in, scratch_write(s, "in.zst", bytes, size), err), err);
  assert_true(jsonl_is_compressed(&in));
  const JsonlLimits limits = {LINE_MAX_BYTES, BLANK_MAX_BYTES, TOTAL_MAX_BYTES, INDEX_BYTES};
  Status status = jsonl_expand(&in, &limits, &fd, err);
  mapped_close(&in);
  *text = NULL;
  if (status != STATUS_OK) return status;
  expect_ok("map", mapped_descriptor(&out, fd, "text", err), err);
  close(fd);
  *text = calloc(1, out.size + 1);
  if (out.size > 0) memcpy(*text, out.data, out.size);
  mapped_close(&out);
  return STATUS_OK;
}

static void expect_text(Scratch *s, const void *bytes, size_t size, const char *want) {
  char *text;
  Error err = {0};
  expect_ok(want, expand(s, bytes, size, &text, &err), &err);
  assert_string_equal(text, want);
  free(text);
}

static void expect_refusal(Scratch *s, const void *bytes, size_t size, const char *words) {
  char *text;
  Error err = {0};
  Status got = expand(s, bytes, size, &text, &err);
  expect_error(words, got, &err, STATUS_INPUT, "/in.zst: ");
  expect_error(words, got, &err, STATUS_INPUT, words);
}

static void frames_follow_one_another(void **state) {
  unsigned char bytes[200];
  size_t n = frame_skippable(bytes, 0);
  expect_text(*state, bytes, n, "");
  n += frame_raw(bytes + n, "", 0);
  n += frame_raw(bytes + n, "{\"a\"", 4);
  n += frame_skippable(bytes + n, 2);
  n += (size_t)sprintf((char *)bytes + n, "zz");
  n += frame_raw(bytes + n, ":1}\n", 4);
  expect_text(*state, bytes, n, "{\"a\":1}\n");
  /* One frame of three blocks, with a window instead of a content size. */
  n = frame_begin(bytes, 0, 0);
  n += frame_block(bytes + n, BLOCK_RAW, 0, "ab", 2);
  n += frame_block(bytes + n, BLOCK_RLE, 0, "c", 5);
  n += frame_block(bytes + n, BLOCK_RAW, 1, "", 0);
  expect_text(*state, bytes, n, "abccccc");
}

static void what_the_library_packs_is_unpacked(void **state) {
  static const char text[] = "{\"input\": \"one\"}\n{\"input\": \"two\"}\n";
  unsigned char bytes[200];
  size_t n = ZSTD_compress(bytes, sizeof bytes, text, sizeof text - 1, 19);
  assert_false(ZSTD_isError(n));
  expect_text(*state, bytes, n, text);
}

/* Every cut of two frames, except the one between them, is a truncation. */
static void cut_files_are_refused(void **state) {
  unsigned char bytes[200];
  size_t first = frame_raw(bytes, "{\"a\":1}\n", 8);
  size_t n = first + frame_raw(bytes + first, "{\"a\":2}\n", 8);
  for (size_t cut = 4; cut < n; cut++) {
    if (cut == first) continue;
    char words[80];
    snprintf(words, sizeof words, "byte %zu: zstd: the file is truncated inside a frame", cut);
    expect_refusal(*state, bytes, cut, words);
  }
  n = frame_skippable(bytes, 0xffffffff);
  n += (size_t)sprintf((char *)bytes + n, "abc");
  expect_refusal(*state, bytes, n, "byte 11: zstd: the file is truncated inside a frame");
}

static void damaged_frames_are_refused(void **state) {
  unsigned char bytes[200];
  size_t n = frame_raw(bytes, "a\n", 2);
  size_t more = n + (size_t)sprintf((char *)bytes + n, "tail");
  expect_refusal(*state, bytes, more, "byte 15: zstd: Unknown frame descriptor");
  expect_refusal(*state, bytes, n + 2, "byte 13: zstd: Unknown frame descriptor");

  n = frame_begin(bytes, 0x20, 3); /* a content size of 3 and 2 bytes of content */
  n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
  expect_refusal(*state, bytes, n, "zstd: ");
  n = frame_begin(bytes, 0x20, 1);
  n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
  expect_refusal(*state, bytes, n, "zstd: ");
  n = frame_begin(bytes, 0x20, 2);
  n += frame_block(bytes + n, BLOCK_RESERVED, 1, "ab", 2);
  expect_refusal(*state, bytes, n, "zstd: Data corruption detected");
  n = frame_begin(bytes, 0x28, 2); /* the reserved bit of the descriptor */
  n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
  expect_refusal(*state, bytes, n, "zstd: Unsupported frame parameter");
  n = frame_begin(bytes, 0x21, 7); /* dictionary 7 */
  bytes[n++] = 2;
  n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
  expect_refusal(*state, bytes, n, "zstd: Dictionary mismatch");
  n = frame_begin(bytes, 0x24, 2); /* a checksum that is not that of the content */
  n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
  memcpy(bytes + n, "\1\2\3\4", 4);
  expect_refusal(*state, bytes, n + 4, "zstd: Restored data doesn't match checksum");
}

static void windows_are_limited(void **state) {
  unsigned char bytes[200];
  for (unsigned log = 10; log <= 41; log++) {
    size_t n = frame_begin(bytes, 0, (log - 10) << 3);
    n += frame_block(bytes + n, BLOCK_RAW, 1, "ab", 2);
    if (log <= 27) expect_text(*state, bytes, n, "ab");
    if (log > 27) expect_refusal(*state, bytes, n, "byte |zstd: Frame requires too much memory");
  }
}

static void many_empty_frames_take_linear_time(void **state) {
  enum { COUNT = 100000, SIZE = 9 };
  unsigned char *bytes = malloc(COUNT * SIZE);
  size_t n = 0;
  for (int i = 0; i < COUNT; i++) n += frame_raw(bytes + n, "", 0);
  assert_int_equal(n, COUNT * SIZE);
  expect_text(*state, bytes, n, "");
  free(bytes);
}

/* A frame of one byte repeated `size` times, in blocks of at most 128 KiB. */
static size_t write_bomb(unsigned char *out, const char *byte, size_t size) {
  enum { BLOCK = 131072 };
  size_t n = frame_begin(out, 0, 0x88); /* window 2^27 */
  for (; size > BLOCK; size -= BLOCK) n += frame_block(out + n, BLOCK_RLE, 0, byte, BLOCK);
  return n + frame_block(out + n, BLOCK_RLE, 1, byte, size);
}

static void bombs_meet_a_limit(void **state) {
  unsigned char bytes[1000];
  char want[LINE_MAX_BYTES + 1] = {0}, lines[TOTAL_MAX_BYTES + 1] = {0};
  memset(want, 'x', LINE_MAX_BYTES);
  memset(lines, '\n', TOTAL_MAX_BYTES);
  expect_text(*state, bytes, write_bomb(bytes, "x", LINE_MAX_BYTES), want);
  expect_refusal(*state, bytes, write_bomb(bytes, "x", LINE_MAX_BYTES + 1),
                 "line 1: byte 0: the line is longer than 100 bytes");
  expect_refusal(*state, bytes, write_bomb(bytes, "x", 1 << 20), "longer than 100 bytes");
  expect_text(*state, bytes, write_bomb(bytes, "\n", TOTAL_MAX_BYTES), lines);
  expect_refusal(*state, bytes, write_bomb(bytes, "\n", TOTAL_MAX_BYTES + 1),
                 "line 1002: byte 1001: ends blank lines of more than 1000 bytes");
  /* A long line after others, in a frame of its own. */
  size_t n = frame_raw(bytes, "a\nb\nc", 5);
  n += write_bomb(bytes + n, "x", LINE_MAX_BYTES);
  expect_refusal(*state, bytes, n, "line 3: byte 4: the line is longer than 100 bytes");
}

/* What is counted: bytes, and what the index takes for each line that is not blank. */
static void lines_cost_what_their_index_takes(void **state) {
  enum { LINES = TOTAL_MAX_BYTES / (2 + INDEX_BYTES) };
  char lines[2 * LINES + 3];
  unsigned char bytes[TOTAL_MAX_BYTES + 100];
  for (int i = 0; i <= LINES; i++) memcpy(lines + 2 * i, "a\n", 3);
  size_t n = frame_raw(bytes, lines + 2, 2 * LINES);
  expect_text(*state, bytes, n, lines + 2);
  n = frame_raw(bytes, lines, 2 * LINES + 2);
  expect_refusal(*state, bytes, n, "decompresses to more than 1000 bytes|decompress it (zstd -d)");
  /* Blank lines between them are none of a run. */
  n = frame_raw(bytes, " \t\r\n\n1\n", 7);
  n += write_bomb(bytes + n, "\n", BLANK_MAX_BYTES / 2);
  n += frame_raw(bytes + n, " 2\n", 3);
  n += write_bomb(bytes + n, "\n", BLANK_MAX_BYTES / 2 - 100);
  char *text;
  Error err = {0};
  expect_ok("runs", expand(*state, bytes, n, &text, &err), &err);
  free(text);
}

static void the_temporary_file_has_no_name(void **state) {
  Scratch *s = *state;
  unsigned char bytes[200];
  size_t n = frame_raw(bytes, "a\n", 2);
  setenv("TMPDIR", s->dir, 1);
  expect_text(s, bytes, n, "a\n");
  int before = scratch_count(s);
  expect_text(s, bytes, n, "a\n");
  assert_int_equal(scratch_count(s), before);
  expect_refusal(s, bytes, n - 1, "truncated");
  assert_int_equal(scratch_count(s), before);
  setenv("TMPDIR", "/nowhere", 1);
  char *text;
  Error err = {0};
  expect_error("TMPDIR", expand(s, bytes, n, &text, &err), &err, STATUS_RUN,
               "/in.zst: cannot create a file in /nowhere (TMPDIR): No such file");
  unsetenv("TMPDIR");
}

static void a_full_disk_is_named(void **state) {
  unsigned char bytes[200];
  struct rlimit saved, small = {.rlim_cur = 400};
  char *text;
  Error err = {0};
  size_t n = write_bomb(bytes, "\n", 600);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
  small.rlim_max = saved.rlim_max;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  Status got = expand(*state, bytes, n, &text, &err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
  signal(SIGXFSZ, handler);
  expect_error("full", got, &err, STATUS_RUN,
               "/in.zst: cannot write|to /tmp (TMPDIR): File too large");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_follow_one_another),
      cmocka_unit_test(what_the_library_packs_is_unpacked),
      cmocka_unit_test(cut_files_are_refused),
      cmocka_unit_test(damaged_frames_are_refused),
      cmocka_unit_test(windows_are_limited),
      cmocka_unit_test(many_empty_frames_take_linear_time),
      cmocka_unit_test(bombs_meet_a_limit),
      cmocka_unit_test(lines_cost_what_their_index_takes),
      cmocka_unit_test(the_temporary_file_has_no_name),
      cmocka_unit_test(a_full_disk_is_named),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
