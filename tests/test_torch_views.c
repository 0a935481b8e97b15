/* The tensors that a pickle of PyTorch describes: where they are, and what they must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "data/tensors/weights.h"
#include "tests/torch_made.h"

static void expect_numbers(const TensorEntry *e, const float *want, size_t count) {
  assert_int_equal(e->size, count * sizeof *want);
  assert_memory_equal(e->data, want, e->size);
}

static void a_made_file_is_read(void **state) {
  TensorTable t = open_made_pickle(*state, BYTES(MADE_DICT(MADE_TENSOR)));
  assert_int_equal(t.count, 1);
  assert_int_equal(t.format, FORMAT_TORCH);
  const TensorEntry *e = tensor_table_find(&t, "w");
  assert_non_null(e);
  assert_string_equal(e->dtype, "F32");
  assert_true(e->rank == 1 && e->shape[0] == 4 && !e->sharer);
  expect_numbers(e, (const float[]){0, 1, 2, 3}, 4);
  tensor_table_close(&t);
}

#define STORAGE_KEY(key) \
  MADE_DICT(             \
      MADE_VIEW(MADE_STORAGE_OF("FloatStorage", key, "K\x04"), "K\0", "K\x04\x85", "K\x01\x85"))
#define STORAGE_NUMEL(type, numel)               \
  MADE_DICT(MADE_VIEW(MADE_STORAGE_OF(type,      \
                                      "\x8c\x01" \
                                      "0",       \
                                      numel),    \
                      "K\0", "K\x04\x85", "K\x01\x85"))
#define VIEW(offset, size, stride) MADE_DICT(MADE_VIEW(MADE_STORAGE, offset, size, stride))
#define MINUS                      "J\xff\xff\xff\xff"
#define POWER(p)                   "\x8a\x08\0\0\0\0\0\0\0" p /* p << 56 */
static const MadeCase TENSORS[] = {
    {BYTES(STORAGE_KEY("\x8c\x04../0")),
     "tensor 'w': the key of its storage, '../0', is no number"},
    {BYTES(STORAGE_KEY("\x8c\x02"
                       "0\0")),
     "the key of its storage, '0"},
    {BYTES(STORAGE_KEY("\x8c\0")), "the key of its storage, '', is no number"},
    {BYTES(STORAGE_KEY("\x8c\x15"
                       "000000000000000000000")),
     "is no number"},
    {BYTES(STORAGE_KEY("\x8c\x01"
                       "7")),
     "tensor 'w': its storage data/7 is not in the archive"},
    {BYTES(STORAGE_KEY("K\0")), "the key of a storage: got an integer, want a string"},
    {BYTES(STORAGE_NUMEL("FloatStorage", "K\x05")),
     "its storage data/0 has 16 bytes, want 5 elements of 4"},
    {BYTES(STORAGE_NUMEL("FloatStorage", "K\x03")), "has 16 bytes, want 3 elements of 4"},
    {BYTES(STORAGE_NUMEL("HalfStorage", "K\x04")), "has 16 bytes, want 4 elements of 2"},
    {BYTES(STORAGE_NUMEL("FloatStorage", "\x8a\x08\x04\0\0\0\0\0\0\x40")), "has 16 bytes, want"},
    {BYTES(STORAGE_NUMEL("FloatStorage", MINUS)), "a storage of -1 elements"},
    {BYTES(STORAGE_NUMEL("FloatStorage", "G\0\0\0\0\0\0\0\0")),
     "the elements of a storage: got a number, want an integer"},
    {BYTES(STORAGE_NUMEL("FloatStorage", "\x8a\x09\0\0\0\0\0\0\0\0\1")), "more than 64 bits"},
    {BYTES(STORAGE_NUMEL("QInt8Storage", "K\x10")), "torch.QInt8Storage is refused"},
    {BYTES(VIEW("K\x01", "K\x04\x85", "K\x01\x85")), "tensor 'w': offset, size and strides reach"},
    {BYTES(VIEW("K\x04", "K\x01\x85", "K\x01\x85")), "beyond its storage, which has 4 elements"},
    {BYTES(VIEW(MINUS, "K\x02\x85", "K\x01\x85")), "offset, size and strides"},
    {BYTES(VIEW("K\0", "K\x02\x85", "K\x04\x85")), "offset, size and strides"},
    {BYTES(VIEW("K\0", "K\x02\x85", MINUS "\x85")), "dimension 0: size 2, stride -1: is negative"},
    {BYTES(VIEW("K\0", MINUS "\x85", "K\x01\x85")), "dimension 0: size -1, stride 1: is negative"},
    {BYTES(VIEW("K\0", "K\x03\x85", POWER("\x40") "\x85")), "offset, size and strides"},
    {BYTES(VIEW(POWER("\x40"), "K\x02\x85", POWER("\x40") "\x85")), "offset, size and strides"},
    {BYTES(VIEW("K\0", POWER("\x40") "K\x04\x86", "K\0K\0\x86")), "dimension 1: size 4"},
    {BYTES(VIEW("K\0", POWER("\x40") "\x85", "K\0\x85")), "the number of bytes overflows"},
    {BYTES(VIEW("K\0", POWER("\x01") "\x85", "K\0\x85")), "is not contiguous, and copies"},
    {BYTES(VIEW("K\0", "K\x02K\x02\x86", "K\x01\x85")), "of 2 dimensions has 1 strides"},
    {BYTES(VIEW("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")),
     "size: has 9 dimensions, at most 8 are accepted"},
    {BYTES(VIEW("K\0", "N\x85", "K\x01\x85")), "size: got None, want an integer"},
    {BYTES(VIEW("K\0", "K\x04", "K\x01\x85")), "size: got an integer, want a tuple"},
    {BYTES(VIEW("N", "K\x04\x85", "K\x01\x85")), "storage offset: got None, want an integer"},
    {BYTES(MADE_DICT(MADE_VIEW("N", "K\0", "K\x04\x85", "K\x01\x85"))), "storage: got None"},
    {BYTES(MADE_DICT(MADE_REBUILD ")R")), "a tensor: got 0 arguments, want 6"},
    {BYTES(MADE_DICT(MADE_REBUILD "(" MADE_STORAGE "K\0))NNtR")), "requires_grad: got None"},
    {BYTES(MADE_DICT(MADE_REBUILD "(" MADE_STORAGE "K\0))\x88NtR")), "backward hooks: got None"},
    {BYTES(MADE_DICT(MADE_REBUILD "(" MADE_STORAGE "K\0))\x88}NNstR")), "backward hooks: are"},
    {BYTES(MADE_DICT(MADE_REBUILD "(" MADE_STORAGE "K\0))\x88}}\x8c\x04"
                                  "conj\x88stR")),
     "metadata of a tensor: conj: is not supported"},
    {BYTES(MADE_DICT("ctorch._utils\n_rebuild_parameter\n(N\x88}tR")), "a parameter: got None"},
    {BYTES(MADE_DICT("(\x8c\x07storagectorch\nFloatStorage\ntQ")), "id: got 2 arguments, want 5"},
    {BYTES(MADE_DICT("(\x8c\x01xctorch\nFloatStorage\nNNNtQ")), "is not that of a storage"},
    {BYTES(MADE_DICT("(\x8c\x07storagectorch\nSize\n\x8c\0\x8c\0K\0tQ")), "is none of torch"},
    {BYTES(MADE_DICT("NQ")), "a persistent id: got None, want a tuple"},
    {BYTES("\x80\x02}(\x8c\1wN\x8c\1wNu."), "the key 'w' is there twice"},
    {BYTES("\x80\x02}(\x8c\1"
           "1NK\1Nu."),
     "the key '1' is there twice"},
    {BYTES("\x80\x02}(\x8c\3"
           "a.b" MADE_TENSOR "\x8c\1"
           "a}\x8c\1"
           "b" MADE_TENSOR "su."),
     "tensor 'a.b': appears twice"},
    {BYTES("\x80\x02})Ns."), "has a key that is neither a string nor a number"},
    {BYTES("\x80\x02}\x8c\2"
           "a\0Ns."),
     "has a key with a NUL in it"},
    {BYTES("\x80\x02}\x8c\0" MADE_TENSOR "s."), "has a tensor without a name"},
    {BYTES("\x80\x02}\x8c\5model}\x8c\0" MADE_TENSOR "ss."), "has a tensor without a name"},
};

static void tensors_are_checked(void **state) {
  REFUSED(*state, TENSORS);
}

static void views_are_in_place_or_copied(void **state) {
  static const struct {
    Bytes pickle;
    bool copied;
    size_t count;
    float want[6];
  } cases[] = {
      {BYTES(VIEW("K\x01", "K\x02\x85", "K\x01\x85")), false, 2, {1, 2}},
      {BYTES(VIEW("K\0", "K\x02K\x02\x86", "K\x02K\x01\x86")), false, 4, {0, 1, 2, 3}},
      {BYTES(VIEW("K\0", "K\x02K\x02\x86", "K\x01K\x02\x86")), true, 4, {0, 2, 1, 3}},
      {BYTES(VIEW("K\x01", "K\x02\x85", "K\x02\x85")), true, 2, {1, 3}},
      {BYTES(VIEW("K\x03", "K\x03\x85", "K\0\x85")), true, 3, {3, 3, 3}},
      {BYTES(VIEW("K\x02", "K\x01K\x02\x86", "K\x09K\x01\x86")), false, 2, {2, 3}},
      {BYTES(VIEW("K\x02", ")", ")")), false, 1, {2}},
      {BYTES(VIEW("K\x04", "K\0\x85", "K\x07\x85")), false, 0, {0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    TensorTable t = open_made_pickle(*state, cases[i].pickle);
    expect_numbers(&t.entry[0], cases[i].want, cases[i].count);
    assert_int_equal(t.owned_count, cases[i].copied);
    tensor_table_close(&t);
  }
}

static void what_is_no_tensor_is_text(void **state) {
  TensorTable t = open_made_pickle(*state, BYTES("\x80\x02}(\x8c\1wN\x8c\1"
                                                 "a](K\1K\2K\3K\4K\5K\6K\7K\x08K\x09"
                                                 "e\x8c\1"
                                                 "b\x8a\x01\xfe"
                                                 "\x8c\1"
                                                 "cG\x3f\xb9\x99\x99\x99\x99\x99\x9a\x8c\1"
                                                 "d\x88\x8c\1"
                                                 "e\x8c\3x\0y"
                                                 "\x8c\1"
                                                 "f)\x8c\1"
                                                 "g}\x8c\1"
                                                 "h\x8a\x0a\0\0\0\0\0\0\0\0\0\1\x8c\1"
                                                 "i}\x8c\1"
                                                 "jJ"
                                                 "\xff\xff\xff\xff"
                                                 "s\x8c\1"
                                                 "kctorch\nSize\nu."));
  static const char *const want[][2] = {{"w", "None"},
                                        {"a", "[1, 2, 3, 4, 5, 6, 7, 8, ... (9 in all)]"},
                                        {"b", "-2"},
                                        {"c", "0.1"},
                                        {"d", "True"},
                                        {"e", "a string of 3 bytes, some of them NUL"},
                                        {"f", "()"},
                                        {"g", "{}"},
                                        {"h", "an integer of 10 bytes"},
                                        {"i.j", "-1"},
                                        {"k", "a class or function"}};
  assert_int_equal(t.count, 0);
  assert_int_equal(t.meta_count, sizeof want / sizeof *want);
  for (size_t i = 0; i < t.meta_count; i++) {
    assert_string_equal(tensor_table_meta(&t, want[i][0]), want[i][1]);
  }
  tensor_table_close(&t);
}

/* ---- as safetensors ---- */

static void expect_no_export(Scratch *s, const MadeArchive *a, const char *words) {
  Weights *w;
  Error err = {0};
  const char *path = made_archive(s, "shared.pt", a);
  expect_ok("open", weights_open(&w, path, &err), &err);
  Status got = weights_export(w, NULL, scratch_path(s, "out.safetensors"), &err);
  expect_error(words, got, &err, STATUS_INPUT, words);
  expect_error("the file", got, &err, STATUS_INPUT, "/shared.pt: tensor '");
  assert_int_not_equal(access(scratch_path(s, "out.safetensors"), F_OK), 0);
  weights_close(w);
}

#define MIB "J\0\0\x10\0"
static void a_megabyte_is_not_written_for_every_name(void **state) {
  enum { NAMES = 900 };
  static const char begin[] = "\x80\x02(" MADE_VIEW(MADE_STORAGE_OF("ByteStorage",
                                                                    "\x8c\x01"
                                                                    "0",
                                                                    MIB),
                                                    "K\0", MIB "\x85", "K\x01\x85") "q\0";
  char pickle[sizeof begin + 2 * NAMES + 1];
  size_t size = sizeof begin - 1;
  memcpy(pickle, begin, size);
  for (int i = 0; i < NAMES; i++) pickle[size++] = 'h', pickle[size++] = 0;
  pickle[size++] = 't';
  pickle[size++] = '.';
  MadeArchive a = made_torch((Bytes){pickle, size});
  a.member[2] = (MadeMember){.name = BYTES("r/data/0"), .hole = 1 << 20};
  expect_no_export(*state, &a, "names share memory so often that more than");
}

static void the_key_of_texts_is_no_name(void **state) {
  MadeArchive a = made_torch(BYTES("\x80\x02}\x8c\x0c__metadata__" MADE_TENSOR "s."));
  expect_no_export(*state, &a, "tensor '__metadata__': safetensors keeps this name");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_made_file_is_read),
      cmocka_unit_test(tensors_are_checked),
      cmocka_unit_test(views_are_in_place_or_copied),
      cmocka_unit_test(what_is_no_tensor_is_text),
      cmocka_unit_test(a_megabyte_is_not_written_for_every_name),
      cmocka_unit_test(the_key_of_texts_is_no_name),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
