/* The pickle of a PyTorch file: what is read, and every way in which it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "tests/torch_made.h"

typedef struct Case {
  Bytes pickle;
  const char *words; /* of the refusal */
} Case;

static void expect_refusal(Scratch *s, Bytes pickle, const char *words) {
  TensorTable t;
  Error err = {0};
  MadeArchive a = made_torch(pickle);
  Status got = tensor_table_open(&t, made_archive(s, "bad.pt", &a), &err);
  expect_error(words, got, &err, STATUS_INPUT, words);
  expect_error("the file", got, &err, STATUS_INPUT, "/bad.pt: ");
  assert_null(t.entry);
}

static void expect_refusals(Scratch *s, const Case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) expect_refusal(s, cases[i].pickle, cases[i].words);
}
#define REFUSED(s, cases) expect_refusals(s, cases, sizeof cases / sizeof *(cases))

static TensorTable open_made(Scratch *s, Bytes pickle) {
  TensorTable t;
  Error err = {0};
  MadeArchive a = made_torch(pickle);
  expect_ok("open", tensor_table_open(&t, made_archive(s, "good.pt", &a), &err), &err);
  return t;
}

static void expect_numbers(const TensorEntry *e, const float *want, size_t count) {
  assert_int_equal(e->size, count * sizeof *want);
  assert_memory_equal(e->data, want, e->size);
}

static void a_made_file_is_read(void **state) {
  TensorTable t = open_made(*state, BYTES(MADE_DICT(MADE_TENSOR)));
  assert_int_equal(t.count, 1);
  assert_int_equal(t.format, FORMAT_TORCH);
  const TensorEntry *e = tensor_table_find(&t, "w");
  assert_non_null(e);
  assert_string_equal(e->dtype, "F32");
  assert_true(e->rank == 1 && e->shape[0] == 4 && !e->sharer);
  expect_numbers(e, (const float[]){0, 1, 2, 3}, 4);
  tensor_table_close(&t);
}

/* Names that run programs, and the other ways by which a pickle gets at one. */
static void nothing_is_called(void **state) {
  static const Case cases[] = {
      {BYTES("\x80\x02"
             "cos\nsystem\n(\x8c\x02id\x85R."),
       "data.pkl: byte 2: the name os.system is refused"},
      {BYTES("\x80\x02"
             "cposix\nsystem\n(\x8c\x02idtR."),
       "name posix.system is refused"},
      {BYTES("\x80\x02"
             "cnt\nsystem\n."),
       "name nt.system is refused"},
      {BYTES("\x80\x02"
             "cbuiltins\neval\n."),
       "name builtins.eval is refused"},
      {BYTES("\x80\x02"
             "c__builtin__\nexec\n."),
       "name __builtin__.exec is refused"},
      {BYTES("\x80\x02"
             "csubprocess\nPopen\n."),
       "name subprocess.Popen is refused"},
      {BYTES("\x80\x02"
             "ctorch.storage\n_load_from_bytes\n."),
       "_load_from_bytes is refused"},
      {BYTES("\x80\x02"
             "ctorch\nFloatStorage.load\n."),
       "torch.FloatStorage.load is refused"},
      {BYTES("\x80\x02"
             "ctorch._utils\n_rebuild_tensor_v2.__globals__\n."),
       "is refused"},
      {BYTES("\x80\x02"
             "c\n\n."),
       "the name . is refused"},
      {BYTES("\x80\x02"
             "cos\nsy\x1b[31m\n."),
       "os.sy\\x1b[31m is refused"},
      {BYTES("\x80\x02"
             "cos\nsystem"),
       "byte 2: a name that does not end"},
      {BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93."), "byte 14: the name os.system is refused"},
      {BYTES("\x80\x04K\1K\2\x93."), "a name: got an integer and an integer, want two strings"},
      {BYTES("\x80\x02(ios\nsystem\n."), "opcode 0x69 (INST) is refused"},
      {BYTES("\x80\x02(cos\nsystem\no."), "os.system is refused"},
      {BYTES("\x80\x02(o."), "opcode 0x6f (OBJ) is refused"},
      {BYTES("\x80\x02\x82\1."), "opcode 0x82 (EXT1) is refused"},
      {BYTES("\x80\x02\x83\1\0."), "opcode 0x83 (EXT2) is refused"},
      {BYTES("\x80\x02\x84\1\0\0\0."), "opcode 0x84 (EXT4) is refused"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\n)\x81."),
       "opcode 0x81 (NEWOBJ) is refused"},
      {BYTES("\x80\x04"
             "ccollections\nOrderedDict\n)}\x92."),
       "(NEWOBJ_EX) is refused"},
      {BYTES("\x80\x02P0\n."), "opcode 0x50 (PERSID) is refused"},
      {BYTES("\x80\x05\x96\0\0\0\0\0\0\0\0."), "(BYTEARRAY8) is refused"},
      {BYTES("\x80\x05\x97."), "(NEXT_BUFFER) is refused"},
      {BYTES("\x80\x02N2."), "(DUP) is refused"},
      {BYTES("\x80\x02\xff."), "opcode 0xff (unknown) is refused"},
      {BYTES("\x80\x02\x80\x02."), "(PROTO) is refused"},
      {BYTES("\x80\x02})R."), "REDUCE: got a dictionary, want a class or function"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\n)R)R."),
       "REDUCE: got a dictionary"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\n}R."),
       "arguments of REDUCE: got a dictionary"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\nN\x85R."),
       "OrderedDict: got 1 arguments"},
      {BYTES("\x80\x02"
             "ctorch\nFloatStorage\n)R."),
       "the type of a storage is no function"},
      {BYTES("\x80\x02"
             "ctorch\nSize\n)R."),
       "torch.Size: got 0 arguments, want 1"},
      {BYTES("\x80\x02"
             "ctorch\nSize\nK\1\x85R."),
       "torch.Size: got an integer, want a tuple"},
      {BYTES("\x80\x02}}b."), "BUILD: got a dictionary, want an OrderedDict"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\n)RNb."),
       "got None, want a dictionary"},
      {BYTES("\x80\x02"
             "ccollections\nOrderedDict\n)R}\x8c\x0c__setstate__Nsb."),
       "has an attribute that is not _metadata"},
      {BYTES(MADE_DICT(MADE_TENSOR "}b")), "BUILD: got a tensor, want an OrderedDict"},
  };
  REFUSED(*state, cases);
}

static void the_stack_is_checked(void **state) {
  static const Case cases[] = {
      {BYTES(""), "data.pkl: byte 0: does not begin like a pickle"},
      {BYTES("N."), "does not begin like a pickle"},
      {BYTES("\x80\x02"), "byte 2: wants 1 bytes, 0 are left"},
      {BYTES("\x80\x02N"), "byte 3: wants 1 bytes, 0 are left"},
      {BYTES("\x80\x01N."), "pickle protocol 1, want 2 to 5"},
      {BYTES("\x80\x06N."), "pickle protocol 6, want 2 to 5"},
      {BYTES("\x80\x02."), "ends with 0 values on the stack, want 1"},
      {BYTES("\x80\x02NN."), "ends with 2 values"},
      {BYTES("\x80\x02(N."), "ends with 1 values"},
      {BYTES("\x80\x02N.N"), "byte 3: ends, and 1 bytes follow"},
      {BYTES("\x80\x02"
             "a."),
       "nothing is on the stack"},
      {BYTES("\x80\x02]a."), "nothing is on the stack"},
      {BYTES("\x80\x02](Na."), "nothing is on the stack"},
      {BYTES("\x80\x02N(\x85."), "nothing is on the stack"},
      {BYTES("\x80\x02(R."), "nothing is on the stack"},
      {BYTES("\x80\x02Q."), "nothing is on the stack"},
      {BYTES("\x80\x02t."), "no mark is on the stack"},
      {BYTES("\x80\x02]e."), "no mark is on the stack"},
      {BYTES("\x80\x02(e."), "nothing is on the stack"},
      {BYTES("\x80\x02}(Nu."), "a key of a dictionary without a value"},
      {BYTES("\x80\x02}Na."), "adds to a dictionary, want a list"},
      {BYTES("\x80\x02]NNs."), "adds to a list, want a dictionary"},
      {BYTES("\x80\x02)NNs."), "adds to a tuple, want a dictionary"},
      {BYTES(MADE_DICT(MADE_TENSOR "NNs")), "adds to a tensor, want a dictionary"},
      {BYTES(MADE_DICT(MADE_TENSOR "Na")), "adds to a tensor, want a list"},
      {BYTES("\x80\x02h\0."), "memo 0: nothing was put there"},
      {BYTES("\x80\x02Nq\2h\1."), "memo 1: nothing was put there"},
      {BYTES("\x80\x02j\xff\xff\xff\xff."), "memo 4294967295: nothing was put there"},
      {BYTES("\x80\x02Nr\xff\xff\xff\xff."), "memo 4294967295, at most 1048576 are accepted"},
      {BYTES("\x80\x02q\0."), "nothing is on the stack"},
      {BYTES("\x80\x04\x94."), "nothing is on the stack"},
      {BYTES("\x80\x02X\xff\xff\xff\xff"
             "abc."),
       "wants 4294967295 bytes, 4 are left"},
      {BYTES("\x80\x02X\1\0"), "wants 4 bytes, 2 are left"},
      {BYTES("\x80\x04\x8d\0\0\0\0\0\0\0\x80"
             "abc."),
       "wants 9223372036854775808 bytes"},
      {BYTES("\x80\x04\x8c\xff"
             "abc."),
       "wants 255 bytes, 4 are left"},
      {BYTES("\x80\x02\x8a\xff\1."), "wants 255 bytes, 2 are left"},
      {BYTES("\x80\x02\x8b\xff\xff\xff\xff\1."), "wants 4294967295 bytes, 2 are left"},
      {BYTES("\x80\x02G\0\0."), "wants 8 bytes, 3 are left"},
      {BYTES("\x80\x04\x95\xff\0\0\0\0\0\0\0N."), "a frame of 255 bytes, 2 are left"},
      {BYTES("\x80\x02\x8c\x02\xc3(."), "a string that is not UTF-8"},
  };
  REFUSED(*state, cases);
}

static void tensors_are_checked(void **state) {
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
  static const Case cases[] = {
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
      {BYTES(VIEW("K\x01", "K\x04\x85", "K\x01\x85")),
       "tensor 'w': offset, size and strides reach"},
      {BYTES(VIEW("K\x04", "K\x01\x85", "K\x01\x85")), "beyond its storage, which has 4 elements"},
      {BYTES(VIEW(MINUS, "K\x02\x85", "K\x01\x85")), "offset, size and strides"},
      {BYTES(VIEW("K\0", "K\x02\x85", "K\x04\x85")), "offset, size and strides"},
      {BYTES(VIEW("K\0", "K\x02\x85", MINUS "\x85")),
       "dimension 0: size 2, stride -1: is negative"},
      {BYTES(VIEW("K\0", MINUS "\x85", "K\x01\x85")),
       "dimension 0: size -1, stride 1: is negative"},
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
      {BYTES("\x80\x02}\x8c\5model}\x8c\0" MADE_TENSOR "ss."), "has a tensor without a name"},
  };
  REFUSED(*state, cases);
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
    TensorTable t = open_made(*state, cases[i].pickle);
    expect_numbers(&t.entry[0], cases[i].want, cases[i].count);
    assert_int_equal(t.owned_count, cases[i].copied);
    tensor_table_close(&t);
  }
}

static void what_is_no_tensor_is_text(void **state) {
  TensorTable t = open_made(*state, BYTES("\x80\x02}(\x8c\1wN\x8c\1"
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

/* `times` copies of `unit` between two ends. */
static Bytes repeated(Bytes begin, Bytes unit, size_t times, Bytes end) {
  size_t size = begin.size + times * unit.size + end.size;
  char *data = malloc(size), *at = data;
  assert_non_null(data);
  at = (char *)memcpy(at, begin.data, begin.size) + begin.size;
  for (size_t i = 0; i < times; i++) at = (char *)memcpy(at, unit.data, unit.size) + unit.size;
  memcpy(at, end.data, end.size);
  return (Bytes){data, size};
}

/* Deep, shared and recursive values end in an error, and soon. */
static void nothing_is_expanded(void **state) {
  const struct {
    Bytes begin, unit;
    size_t times;
    Bytes end;
    const char *words;
  } cases[] = {
      {BYTES("\x80\x02"), BYTES("("), 1000000, BYTES("."), "is nested more than 1000 deep"},
      {BYTES("\x80\x02N"), BYTES("\x85"), 500000, BYTES("."), "is nested too deep"},
      {BYTES("\x80\x02N"), BYTES("q\0h\0\x86"), 60, BYTES("."), "repeats what is before it"},
      {BYTES("\x80\x02N"), BYTES("q\0h\0\x86"), 100000, BYTES("."), "is nested too deep"},
      {BYTES("\x80\x02N"), BYTES("N"), 1100000, BYTES("."), "more than 1048576 values"},
      {BYTES("\x80\x02Nq\0"), BYTES("h\0"), 1100000, BYTES("."), "more than 1048576 values on"},
      {BYTES("\x80\x02]q\0"), BYTES("h\0a"), 3, BYTES("."), "is nested too deep, or in itself"},
      {BYTES("\x80\x02}q\0"),
       BYTES("\x8c\1"
             "dh\0s"),
       1, BYTES("."), "too deep, or in itself"},
      {BYTES("\x80\x02]q\0Nq\1"), BYTES("0"), 1, BYTES("."), "(POP) is refused"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Bytes pickle = repeated(cases[i].begin, cases[i].unit, cases[i].times, cases[i].end);
    expect_refusal(*state, pickle, cases[i].words);
    free((void *)(uintptr_t)pickle.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_made_file_is_read),          cmocka_unit_test(nothing_is_called),
      cmocka_unit_test(the_stack_is_checked),         cmocka_unit_test(tensors_are_checked),
      cmocka_unit_test(views_are_in_place_or_copied), cmocka_unit_test(what_is_no_tensor_is_text),
      cmocka_unit_test(nothing_is_expanded),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
