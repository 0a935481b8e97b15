/* The reader of safetensors: files spelt out by hand, and each way a header can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "tests/mutate.h"
#include "tests/tensor_file.h"

typedef struct HeaderCase {
  const char *header;
  size_t data_size;
  const char *words;
} HeaderCase;

static void expect_refusals(Scratch *s, const HeaderCase *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *header = cases[i].header;
    const char *path =
        write_tensors(s, "m.safetensors", header, strlen(header), cases[i].data_size);
    TensorTable file;
    Error err = {0};
    Status got = tensor_table_open(&file, path, &err);
    expect_error(header, got, &err, STATUS_INPUT, "/m.safetensors: ");
    expect_error(header, got, &err, STATUS_INPUT, cases[i].words);
    assert_null(file.entry);
  }
}

#define EXPECT_REFUSALS(s, cases) expect_refusals(s, cases, sizeof cases / sizeof cases[0])

static void headers_that_are_not_json_objects(void **state) {
  const HeaderCase cases[] = {
      {"", 0, "byte 8: the JSON ends here, want '{'"},
      {"{", 0, "byte 9: the JSON ends here, want a key"},
      {"[]", 0, "byte 8: got '[', want '{'"},
      {"null", 0, "byte 8: got 'n', want '{'"},
      {"\"x\"", 0, "byte 8: got '\"', want '{'"},
      {"{}x", 0, "byte 10: got 'x', want the end"},
      {"{}{}", 0, "byte 10: got '{', want the end"},
      {"{,}", 0, "byte 9: got ',', want a key"},
      {"{\"w\"}", 0, "byte 12: got '}', want ':'"},
      {"{\"w\":}", 0, "byte 14: unexpected token"},
      {"{\"w\" 1}", 0, "byte 13: got '1', want ':'"},
      {"{" ENTRY("w", "U8", "[0]", "[0,0]") ",}", 0, "got '}', want a key"},
      {"{" ENTRY("w", "U8", "[0]", "[0,0]") " \"b\":1}", 0, "want ',' or '}'"},
      {"{" ENTRY("w", "U8", "[0]", "[0,0]"), 0, "the JSON ends here, want ',' or '}'"},
      {"{'w':1}", 0, "byte 9: got ''', want a key"},
      {"{1:1}", 0, "byte 9: got '1', want a key"},
      {"\xef\xbb\xbf{}", 0, "byte 8: got byte 0xef, want '{'"},
      {"{\"\xff\":1}", 0, "byte 10: unable to decode byte 0xff"},
      {"{\"\xc0\xaf\":1}", 0, "byte 10: unable to decode byte 0xc0"},
      {"{\"a\xed\xa0\x80\":1}", 0, "byte 11: unable to decode byte 0xed"},
      {"{\"\\ud800\":1}", 0, "invalid Unicode"},
      {"{\"\\u0000\":1}", 0, "\\u0000 is not allowed"},
      {"{\"w\":{\"dtype\":}}", 0, "byte 23: unexpected token"},
  };
  EXPECT_REFUSALS(*state, cases);
  TensorTable file;
  Error err = {0};
  const char *path = write_tensors(*state, "m.safetensors", "{}\0", 3, 0);
  expect_error("NUL", tensor_table_open(&file, path, &err), &err, STATUS_INPUT,
               "byte 10: got byte 0x00, want the end");
}

static const HeaderCase WRONG_FIELDS[] = {
    {"{\"w\":1}", 0, "tensor 'w': got an integer, want an object"},
    {"{\"w\":null}", 0, "tensor 'w': got null, want an object"},
    {"{\"w\":[\"U8\",[0],[0,0]]}", 0, "tensor 'w': got an array, want an object"},
    {"{\"w\":{}}", 0, "tensor 'w': dtype: is missing"},
    {"{\"w\":{\"dtype\":\"U8\"}}", 0, "tensor 'w': shape: is missing"},
    {"{\"w\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "tensor 'w': data_offsets: is missing"},
    {"{\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}", 0,
     "tensor 'w': x: is not a field"},
    {"{\"w\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
     "byte 34: duplicate object key"},
    {"{\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"sh\\u0061pe\":[0],\"data_offsets\":[0,0]}}", 0,
     "duplicate object key"},
    {"{" ENTRY("", "U8", "[0]", "[0,0]") "}", 0, "byte 12: a tensor without a name"},
    {"{" ENTRY("w", "F128", "[0]", "[0,0]") "}", 0, "tensor 'w': dtype: 'F128' is unknown"},
    {"{" ENTRY("w", "f32", "[0]", "[0,0]") "}", 0, "tensor 'w': dtype: 'f32' is unknown"},
    {"{\"w\":{\"dtype\":1,\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
     "tensor 'w': dtype: got an integer, want a string"},
    {"{" ENTRY("w", "U8", "4", "[0,4]") "}", 4, "tensor 'w': shape: got an integer, want an array"},
    {"{" ENTRY("w", "U8", "[-1]", "[0,0]") "}", 0, "tensor 'w': shape[0]: is negative (-1)"},
    {"{" ENTRY("w", "U8", "[1,1.0]", "[0,1]") "}", 1, "tensor 'w': shape[1]: got a real"},
    {"{" ENTRY("w", "U8", "[1e3]", "[0,1]") "}", 1, "tensor 'w': shape[0]: got a real"},
    {"{" ENTRY("w", "U8", "[\"4\"]", "[0,4]") "}", 4, "tensor 'w': shape[0]: got a string"},
    {"{" ENTRY("w", "U8", "[null]", "[0,4]") "}", 4, "tensor 'w': shape[0]: got null"},
    {"{" ENTRY("w", "U8", "[18446744073709551616]", "[0,4]") "}", 4, "too big integer"},
    {"{" ENTRY("w", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1,
     "tensor 'w': shape: has 9 dimensions, at most 8"},
    {"{" ENTRY("w", "U8", "[4]", "4") "}", 4, "tensor 'w': data_offsets: want two integers"},
    {"{" ENTRY("w", "U8", "[4]", "[4]") "}", 4, "tensor 'w': data_offsets: want two integers"},
    {"{" ENTRY("w", "U8", "[4]", "[0,2,4]") "}", 4, "tensor 'w': data_offsets: want two integers"},
    {"{" ENTRY("w", "U8", "[4]", "[0,4.0]") "}", 4, "tensor 'w': data_offsets[1]: got a real"},
    {"{" ENTRY("w", "U8", "[4]", "[-4,0]") "}", 4, "tensor 'w': data_offsets[0]: is negative"},
    {"{" ENTRY("w", "U8", "[4]", "[10,4]") "}", 12, "tensor 'w': data_offsets: begin 10 is after"},
    {"{" ENTRY("\\u001b[2J\\n", "F128", "[0]", "[0,0]") "}", 0,
     "tensor '\\x1b[2J\\x0a': dtype: 'F128'"},
};

static void entries_with_wrong_fields(void **state) {
  EXPECT_REFUSALS(*state, WRONG_FIELDS);
}

static void metadata_that_is_not_text(void **state) {
  const HeaderCase cases[] = {
      {"{\"__metadata__\":[]}", 0, "byte 24: got '[', want '{'"},
      {"{\"__metadata__\":nul}", 0, "byte "},
      {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: 'a': got an integer, want a string"},
      {"{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, "__metadata__: 'a': got an object"},
      {"{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"1\"}}", 0, "__metadata__: 'a': appears twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__: appears twice"},
      {"{\"__metadata__\":{\"a\":\"1\"}", 0, "byte 33: the JSON ends here, want ',' or '}'"},
  };
  EXPECT_REFUSALS(*state, cases);
}

static void sizes_that_do_not_add_up(void **state) {
  const HeaderCase cases[] = {
      {"{" ENTRY("w", "F32", "[4611686018427387904,4]", "[0,0]") "}", 0,
       "tensor 'w': shape: the number of elements overflows"},
      {"{" ENTRY("w", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0,
       "tensor 'w': shape: the number of elements overflows"},
      {"{" ENTRY("w", "U8", "[4611686018427387904,4611686018427387904,0]", "[0,0]") "}", 0,
       "tensor 'w': shape: the number of elements overflows"},
      {"{" ENTRY("w", "F32", "[2305843009213693952]", "[0,0]") "}", 0,
       "tensor 'w': shape: the number of bytes overflows"},
      {"{" ENTRY("w", "F32", "[2]", "[0,4]") "}", 4,
       "tensor 'w': data_offsets: span 4 bytes, shape and dtype need 8"},
      {"{" ENTRY("w", "F32", "[]", "[0,0]") "}", 0,
       "tensor 'w': data_offsets: span 0 bytes|need 4"},
      {"{" ENTRY("w", "F4", "[3]", "[0,1]") "}", 1,
       "tensor 'w': shape: 3 elements of F4 are no whole"},
      {"{" ENTRY("w", "F6_E2M3", "[2]", "[0,1]") "}", 1,
       "tensor 'w': shape: 2 elements of F6_E2M3"},
      {"{" ENTRY("w", "U8", "[4]", "[0,4]") "}", 3,
       "tensor 'w': data_offsets: the file is truncated: data ends at 4, the file holds 3 bytes"},
      {"{" ENTRY("w", "U8", "[1]", "[9223372036854775806,9223372036854775807]") "}", 4,
       "tensor 'w': data_offsets: the file is truncated"},
      {"{" ENTRY("w", "U8", "[4]", "[0,4]") "}", 5, "1 bytes after the last tensor"},
      {"{}", 8, "byte 10: 8 bytes after the last tensor"},
      {"{" ENTRY("w", "U8", "[4]", "[1,5]") "}", 5, "tensor 'w': begins 1 bytes after the data"},
      {"{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("b", "U8", "[2]", "[3,5]") "}", 5,
       "tensor 'b': begins 1 bytes after the data before it"},
      {"{" ENTRY("a", "U8", "[3]", "[0,3]") "," ENTRY("b", "U8", "[3]", "[2,5]") "}", 5,
       "tensor 'b': overlaps tensor 'a'"},
      {"{" ENTRY("a", "U8", "[4]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[0,4]") "}", 4,
       "overlaps tensor"},
      {"{" ENTRY("a", "U8", "[4]", "[0,4]") "," ENTRY("z", "U8", "[0]", "[2,2]") "}", 4,
       "tensor 'z': overlaps tensor 'a'"},
      {"{" ENTRY("w", "U8", "[4]", "[0,4]") "," ENTRY("w", "F32", "[1]", "[0,4]") "}", 4,
       "tensor 'w': appears twice"},
      {"{" ENTRY("w", "U8", "[4]", "[0,4]") "," ENTRY("\\u0077", "U8", "[4]", "[4,8]") "}", 8,
       "tensor 'w': appears twice"},
  };
  EXPECT_REFUSALS(*state, cases);
}

static void files_that_are_something_else(void **state) {
  Scratch *s = *state;
  const struct {
    const char *bytes;
    size_t size;
    const char *words;
  } cases[] = {
      {"", 0, "is not a safetensors file: it has 0 bytes"},
      {"\2", 1, "is not a safetensors file: it has 1 bytes"},
      {"\0\0\0\0\0\0\0", 7, "it has 7 bytes"},
      {"\3\0\0\0\0\0\0\0{}", 10, "byte 0: header length 3 exceeds the file, which has 10 bytes"},
      {"\377\377\377\377\377\377\377\377{}", 10,
       "byte 0: header length 18446744073709551615 exceeds"},
      {"version https://git-lfs.github.com/spec/v1\n", 43, "a Git LFS pointer; run `git lfs pull`"},
      {"<!DOCTYPE html><html>", 21, "an HTML page; download"},
      {"<HTML>", 6, "an HTML page; download"},
      {"<?xml version='1.0'?><Error>", 28, "an XML document"},
      {"PK\3\4\0\0\0\0\0\1\0\0", 12, "a zip archive, as PyTorch writes, and has no directory"},
      {"\x80\x02}q\1X\1\0\0\0", 11, "a bare Python pickle, a program"},
      {"\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 20,
       "a pickle by PyTorch before 1.6"},
      {"{\"error\":\"not found\"}", 21, "JSON text"},
      {"GGUF\3\0\0\0\1\0\0\0", 12, "a GGUF file"},
      {"\x1f\x8b\x08\0\0\0\0\1\0\0", 10, "compressed by gzip"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    TensorTable file;
    Error err = {0};
    const char *path = scratch_write(s, "m.safetensors", cases[i].bytes, cases[i].size);
    Status got = tensor_table_open(&file, path, &err);
    expect_error(cases[i].words, got, &err, STATUS_INPUT, "/m.safetensors: ");
    expect_error(cases[i].words, got, &err, STATUS_INPUT, cases[i].words);
  }
}

static void expect_entry(const TensorTable *s, const char *name, const char *dtype, int rank,
                         const int64_t *shape, size_t begin, size_t size) {
  const TensorEntry *e = tensor_table_find(s, name);
  assert_non_null(e);
  assert_string_equal(e->name, name);
  assert_string_equal(e->dtype, dtype);
  assert_int_equal(e->rank, rank);
  for (int i = 0; i < rank; i++) assert_int_equal(e->shape[i], shape[i]);
  assert_int_equal(e->size, size);
  for (size_t i = 0; i < size; i++) assert_int_equal(e->data[i], (unsigned char)(begin + i));
}

/* White space around the header, entries in any order, a header of odd length (so that nothing is
 * aligned), scalars, empty tensors that stand where another begins, rank 8, odd names. */
static void everything_that_is_valid_is_read(void **state) {
  static const char header[] = " \t\r\n{ " ENTRY("w", "F32", "[2,3]", "[9,33]") " ,\n" ENTRY(
      "e", "F64", "[0,7]", "[9,9]") "," ENTRY("s", "I64", "[]", "[1,9]") "," ENTRY(
      "a", "BOOL", "[1,1,1,1,1,1,1,1]",
      "[0,1]") "," ENTRY("../../x\\u00e9\\u001b", "F4", "[4]", "[33,35]") "," ENTRY("q", "F6_E3M2", "[4]", "[35,38]") ", \"__metadata__\" : {\"z\":\"1\", \"format\" : \"pt\" , \"\":\"\"} } \n ";
  const int64_t matrix[] = {2, 3}, empty[] = {0, 7}, ones[] = {1, 1, 1, 1, 1, 1, 1, 1},
                four[] = {4};
  TensorTable s;
  Error err = {0};
  const char *path = write_tensors(*state, "m.safetensors", header, sizeof header - 1, 38);
  expect_ok("open", tensor_table_open(&s, path, &err), &err);
  assert_int_equal(s.count, 6);
  expect_entry(&s, "w", "F32", 2, matrix, 9, 24);
  expect_entry(&s, "e", "F64", 2, empty, 9, 0);
  expect_entry(&s, "s", "I64", 0, NULL, 1, 8);
  expect_entry(&s, "a", "BOOL", 8, ones, 0, 1);
  expect_entry(&s, "../../x\xc3\xa9\033", "F4", 1, four, 33, 2);
  expect_entry(&s, "q", "F6_E3M2", 1, four, 35, 3);
  for (size_t i = 1; i < s.count; i++) {
    assert_true(strcmp(s.entry[i - 1].name, s.entry[i].name) < 0);
  }
  assert_null(tensor_table_find(&s, "W"));
  assert_null(tensor_table_find(&s, ""));
  assert_int_equal(s.meta_count, 3);
  assert_string_equal(tensor_table_meta(&s, "format"), "pt");
  assert_string_equal(tensor_table_meta(&s, "z"), "1");
  assert_string_equal(tensor_table_meta(&s, ""), "");
  assert_null(tensor_table_meta(&s, "y"));
  tensor_table_close(&s);
  tensor_table_close(&s);
  expect_ok("empty",
            tensor_table_open(&s, write_tensors(*state, "m.safetensors", "{}", 2, 0), &err), &err);
  assert_int_equal(s.count, 0);
  assert_null(tensor_table_find(&s, "w"));
  assert_null(tensor_table_meta(&s, "format"));
  tensor_table_close(&s);
}

/* As the Rust crate, and with it the Python package, reads it. */
static void metadata_may_be_null(void **state) {
  static const char header[] = "{\"__metadata__\" : null," ENTRY("w", "F32", "[2]", "[0,8]") "}";
  TensorTable t;
  Error err = {0};
  const char *path = write_tensors(*state, "m.safetensors", header, sizeof header - 1, 8);
  expect_ok("open", tensor_table_open(&t, path, &err), &err);
  assert_int_equal(t.count, 1);
  assert_int_equal(t.meta_count, 0);
  tensor_table_close(&t);
}

static void every_dtype_has_its_size(void **state) {
  const struct {
    const char *dtype;
    int bits;
  } dtypes[] = {{"BOOL", 8}, {"F4", 4},      {"F6_E2M3", 6},     {"F6_E3M2", 6},     {"U8", 8},
                {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},     {"F8_E8M0", 8},     {"I16", 16},
                {"U16", 16}, {"F16", 16},    {"BF16", 16},       {"I32", 32},        {"U32", 32},
                {"F32", 32}, {"C64", 64},    {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F64", 64},
                {"I64", 64}, {"U64", 64}};
  for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
    char header[200];
    int bytes = dtypes[i].bits; /* 8 elements */
    snprintf(header, sizeof header, "{" ENTRY("w", "%s", "[2,4]", "[0,%d]") "}", dtypes[i].dtype,
             bytes);
    TensorTable s;
    Error err = {0};
    const char *path =
        write_tensors(*state, "m.safetensors", header, strlen(header), (size_t)bytes);
    expect_ok(dtypes[i].dtype, tensor_table_open(&s, path, &err), &err);
    assert_string_equal(s.entry[0].dtype, dtypes[i].dtype);
    tensor_table_close(&s);
  }
}

/* Each mutation is refused with a message, or read without leaving the file. */
static void mutated_files_are_survived(void **state) {
  enum { ROUNDS = 6000 };
  static const char header[] =
      "{" ENTRY("w", "F32", "[2,3]", "[0,24]") "," ENTRY("v", "BF16", "[4]", "[24,32]") "," ENTRY(
          "e", "U8", "[0]", "[32,32]") ",\"__metadata__\":{\"format\":\"pt\"}}";
  enum { SIZE = 8 + sizeof header - 1 + 32 };
  static const char *const PIECES[] = {
      "{",      "}",  "[",   "]",    "\"",    ":",     ",",
      "0",      "-1", "1e9", "null", "\"w\"", "[0,0]", "9223372036854775807",
      "\\u0000"};
  unsigned char original[SIZE] = {sizeof header - 1}, bytes[SIZE];
  memcpy(original + 8, header, sizeof header - 1);
  Rng rng = {.key = 1};
  int read = 0;
  for (int i = 0; i < ROUNDS; i++) {
    memcpy(bytes, original, SIZE);
    size_t size = mutate(bytes, SIZE, PIECES, sizeof PIECES / sizeof PIECES[0], &rng);
    TensorTable s;
    Error err = {0};
    Status status = tensor_table_open(&s, scratch_write(*state, "fuzz", bytes, size), &err);
    if (status == STATUS_OK) {
      read++;
      for (size_t k = 0; k < s.count; k++) {
        const TensorEntry *e = &s.entry[k];
        assert_ptr_equal(tensor_table_find(&s, e->name), e);
        assert_true(e->data >= s.file.data && e->data + e->size <= s.file.data + s.file.size);
      }
      tensor_table_close(&s);
    } else {
      expect_error("mutation", status, &err, STATUS_INPUT, "/fuzz: ");
    }
  }
  assert_in_range(read, ROUNDS / 100, ROUNDS / 2); /* both outcomes are exercised */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_that_are_not_json_objects),
      cmocka_unit_test(entries_with_wrong_fields),
      cmocka_unit_test(metadata_that_is_not_text),
      cmocka_unit_test(sizes_that_do_not_add_up),
      cmocka_unit_test(files_that_are_something_else),
      cmocka_unit_test(everything_that_is_valid_is_read),
      cmocka_unit_test(metadata_may_be_null),
      cmocka_unit_test(every_dtype_has_its_size),
      cmocka_unit_test(mutated_files_are_survived),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
