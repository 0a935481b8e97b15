/* The pickle of a PyTorch file: what is read, and every way in which it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/torch_file.h"
#include "tests/torch_made.h"

/* Names that run programs, and the other ways by which a pickle gets at one. */
static const MadeCase CALLS[] = {
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
           "ctorch\nSize\n((KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"
           "KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKttR."),
     "torch.Size: has 65 dimensions, at most 64"},
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

static void nothing_is_called(void **state) {
  REFUSED(*state, CALLS);
}

static const MadeCase STACKS[] = {
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
    {BYTES("\x80\x02Nr\xff\xff\xff\xff."), "memo 4294967295, at most 8388608 are accepted"},
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

static void the_stack_is_checked(void **state) {
  REFUSED(*state, STACKS);
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
      {BYTES("\x80\x02N"), BYTES("N"), 8500000, BYTES("."), "more than 8388608 values"},
      {BYTES("\x80\x02Nq\0"), BYTES("h\0"), 8500000, BYTES("."), "more than 8388608 values on"},
      {BYTES("\x80\x02]q\0"), BYTES("h\0a"), 3, BYTES("."), "is nested too deep, or in itself"},
      {BYTES("\x80\x02}q\0"),
       BYTES("\x8c\1"
             "dh\0s"),
       1, BYTES("."), "too deep, or in itself"},
      {BYTES("\x80\x02]q\0Nq\1"), BYTES("0"), 1, BYTES("."), "(POP) is refused"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Bytes pickle = repeated(cases[i].begin, cases[i].unit, cases[i].times, cases[i].end);
    expect_made_refused(*state, pickle, cases[i].words);
    free((void *)(uintptr_t)pickle.data);
  }
}

/* A long text that is used often: in the keys of dictionaries, in tuples, as keys of one. */
static void texts_are_not_copied_without_end(void **state) {
  static const struct {
    Bytes begin, unit, end;
  } uses[] = {{BYTES("("), BYTES("}h\1Ns"), BYTES("t\x86.")},
              {BYTES("("), BYTES("h\1\x85\x85"), BYTES("t\x86.")},
              {BYTES("}("), BYTES("h\1N"), BYTES("u\x86.")}};
  Bytes text = repeated(BYTES("\x80\x02X\0\0\1\0"), BYTES("a"), 1 << 16, BYTES("q\1"));
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    Bytes begin = repeated(text, uses[i].begin, 1, BYTES(""));
    Bytes pickle = repeated(begin, uses[i].unit, 20000, uses[i].end);
    expect_made_refused(*state, pickle, "repeats what is before it too often");
    free((void *)(uintptr_t)pickle.data);
    free((void *)(uintptr_t)begin.data);
  }
  free((void *)(uintptr_t)text.data);
}

/* A name for a tensor that has one takes two bytes. */
static void names_are_not_given_without_end(void **state) {
  Bytes pickle = repeated(BYTES("\x80\x02(" MADE_TENSOR "q\0"), BYTES("h\0"), 2000, BYTES("t."));
  expect_made_refused(*state, pickle, "is one more name of tensors that have names already");
  free((void *)(uintptr_t)pickle.data);
  pickle = repeated(BYTES("\x80\x02(" MADE_TENSOR "q\0"), BYTES("h\0"), 900, BYTES("t."));
  TensorTable t = open_made_pickle(*state, pickle);
  assert_int_equal(t.count, 901);
  tensor_table_close(&t);
  free((void *)(uintptr_t)pickle.data);
}

/* Values that are no tensors are listed up to a number, and the others counted. */
static void texts_beyond_a_number_are_counted(void **state) {
  Bytes pickle = repeated(BYTES("\x80\x02(" MADE_TENSOR), BYTES("]"), 1000000, BYTES("t."));
  TensorTable t = open_made_pickle(*state, pickle);
  assert_int_equal(t.count, 1);
  assert_int_equal(t.meta_count, TORCH_TEXTS + 1);
  assert_string_equal(tensor_table_meta(&t, "1"), "[]");
  assert_string_equal(tensor_table_meta(&t, "..."), "990000 more, which are not listed");
  tensor_table_close(&t);
  free((void *)(uintptr_t)pickle.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_called),
      cmocka_unit_test(the_stack_is_checked),
      cmocka_unit_test(nothing_is_expanded),
      cmocka_unit_test(texts_are_not_copied_without_end),
      cmocka_unit_test(names_are_not_given_without_end),
      cmocka_unit_test(texts_beyond_a_number_are_counted),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
