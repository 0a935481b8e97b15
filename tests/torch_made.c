#include "tests/torch_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void put(FILE *out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++, number >>= 8) fputc((int)(number & 0xff), out);
}

static void put_bytes(FILE *out, Bytes b) {
  if (b.size > 0) fwrite(b.data, 1, b.size, out);
}

static Bytes local_name(const MadeMember *m) {
  return m->local_name ? (Bytes){m->local_name, strlen(m->local_name)} : m->name;
}

static uint64_t size_of(const MadeMember *m) {
  return m->hole ? m->hole : m->data.size;
}

/* A size in a field of four bytes. */
static uint64_t short_of(const MadeMember *m, uint64_t size) {
  return m->values64 ? UINT32_MAX : size;
}

static void put_local(FILE *out, const MadeMember *m) {
  put(out, 0x04034b50, 4);
  put(out, 0, 2);
  put(out, m->local_flags, 2);
  put(out, m->method, 2);
  put(out, 0, 4);
  put(out, m->local_crc, 4);
  put(out, short_of(m, size_of(m) + (uint64_t)m->stored_off + (uint64_t)m->local_size_off), 4);
  put(out, short_of(m, size_of(m) + (uint64_t)m->size_off + (uint64_t)m->local_size_off), 4);
  put(out, local_name(m).size, 2);
  put(out, 0, 2);
  put_bytes(out, local_name(m));
  put_bytes(out, m->data);
  if (m->hole) assert_int_equal(fseek(out, (long)m->hole, SEEK_CUR), 0);
}

static void put_entry(FILE *out, const MadeMember *m, uint64_t offset) {
  uint64_t values = m->values64 > 0 ? (uint64_t)m->values64 : 0;
  uint64_t value[] = {size_of(m) + (uint64_t)m->size_off, size_of(m) + (uint64_t)m->stored_off,
                      offset + (uint64_t)m->offset_off};
  put(out, 0x02014b50, 4);
  put(out, 0, 4);
  put(out, m->flags, 2);
  put(out, m->method, 2);
  put(out, 0, 4);
  put(out, m->crc, 4);
  put(out, short_of(m, value[1]), 4);
  put(out, short_of(m, value[0]), 4);
  put(out, m->name.size, 2);
  put(out, values ? 4 + 8 * values : 0, 2);
  put(out, 0, 2 + 2 + 2 + 4);
  put(out, short_of(m, value[2]), 4);
  put_bytes(out, m->name);
  if (values) put(out, 1 | (8 * values) << 16, 4);
  for (uint64_t i = 0; i < values; i++) put(out, value[i], 8);
}

/* The records of zip64, whose counts stand for those of the end record. */
static void put_end64(FILE *out, const MadeArchive *a, uint64_t directory, uint64_t size) {
  uint64_t at = directory + size;
  put(out, 0x06064b50, 4);
  put(out, 44, 8);
  put(out, 0x2d002d, 4);
  put(out, 0, 8);
  put(out, a->count64, 8);
  put(out, a->count64, 8);
  put(out, size, 8);
  put(out, directory, 8);
  put(out, 0x07064b50, 4);
  put(out, 0, 4);
  put(out, a->locator ? a->locator : at, 8);
  put(out, 1, 4);
}

static void put_end(FILE *out, const MadeArchive *a, uint64_t count, uint64_t directory,
                    uint64_t size) {
  if (a->count64 > 0) put_end64(out, a, directory, size);
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, count + (uint64_t)a->count_off, 2);
  put(out, count + (uint64_t)a->count_off, 2);
  put(out, size + (uint64_t)a->directory_size_off, 4);
  put(out, a->count64 ? UINT32_MAX : directory + (uint64_t)a->directory_off, 4);
  put(out, a->comment.size, 2);
  put_bytes(out, a->comment);
}

static void put_archive(FILE *out, const MadeArchive *a) {
  uint64_t at[MADE_MEMBERS], count = 0;
  put_bytes(out, a->before);
  while (count < MADE_MEMBERS && a->member[count].name.size > 0) {
    at[count] = (uint64_t)ftell(out);
    put_local(out, &a->member[count++]);
  }
  uint64_t directory = (uint64_t)ftell(out);
  for (uint64_t i = 0; i < count; i++) put_entry(out, &a->member[i], at[i]);
  put_end(out, a, count, directory, (uint64_t)ftell(out) - directory);
}

const char *made_archive(Scratch *s, const char *name, const MadeArchive *a) {
  const char *path = scratch_path(s, name);
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  put_archive(out, a);
  assert_int_equal(fclose(out), 0);
  return path;
}

MadeArchive made_torch(Bytes pickle) {
  static const float numbers[] = {0, 1, 2, 3};
  return (MadeArchive){
      .member = {{.name = BYTES("r/data.pkl"), .data = pickle},
                 {.name = BYTES("r/version"), .data = BYTES("3\n")},
                 {.name = BYTES("r/data/0"), .data = {(const char *)numbers, sizeof numbers}}}};
}

TensorTable open_made_pickle(Scratch *s, Bytes pickle) {
  TensorTable t;
  Error err = {0};
  MadeArchive a = made_torch(pickle);
  expect_ok("open", tensor_table_open(&t, made_archive(s, "good.pt", &a), &err), &err);
  return t;
}

void expect_made_refused(Scratch *s, Bytes pickle, const char *words) {
  TensorTable t;
  Error err = {0};
  MadeArchive a = made_torch(pickle);
  Status got = tensor_table_open(&t, made_archive(s, "bad.pt", &a), &err);
  expect_error(words, got, &err, STATUS_INPUT, words);
  expect_error("the file", got, &err, STATUS_INPUT, "/bad.pt: ");
  assert_null(t.entry);
}

void expect_made_cases(Scratch *s, const MadeCase *cases, size_t count) {
  for (size_t i = 0; i < count; i++) expect_made_refused(s, cases[i].pickle, cases[i].words);
}
