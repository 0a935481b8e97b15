/* The archive of a PyTorch file: every way in which its parts can contradict each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "data/zip/zip_archive.h"
#include "tests/torch_made.h"

enum { PICKLE, VERSION, STORAGE };

static MadeArchive sound(void) {
  return made_torch(BYTES(MADE_DICT(MADE_TENSOR)));
}

static Status open_made(Scratch *s, const MadeArchive *a, Error *err) {
  TensorTable t;
  Status status = tensor_table_open(&t, made_archive(s, "a.pt", a), err);
  if (status == STATUS_OK) status = tensor_table_verify(&t, err);
  tensor_table_close(&t);
  return status;
}

static void expect_opens(Scratch *s, const char *what, const MadeArchive *a) {
  Error err = {0};
  expect_ok(what, open_made(s, a, &err), &err);
}

static void expect_refusal(Scratch *s, const MadeArchive *a, const char *words) {
  Error err = {0};
  Status got = open_made(s, a, &err);
  expect_error(words, got, &err, STATUS_INPUT, words);
  expect_error("the file", got, &err, STATUS_INPUT, "/a.pt: ");
}

static const char LONG[ZIP_NAME + 2] = {[0 ... ZIP_NAME] = 'n'};

/* Changed fields of a storage. */
static const struct {
  MadeMember as;
  const char *words;
} LIES[] = {
    {{.local_name = "r/data/1"}, "member 'r/data/0': its header at byte|contradicts"},
    {{.local_name = "r/data/00"}, "member 'r/data/0': its header at byte|contradicts"},
    {{.local_flags = 1 << 11}, "contradicts the directory"},
    {{.flags = 1, .local_flags = 1}, "is encrypted or patched (flags 0x0001)"},
    {{.flags = 1 << 6, .local_flags = 1 << 6}, "is encrypted or patched"},
    {{.flags = 1 << 13, .local_flags = 1 << 13}, "is encrypted or patched"},
    {{.method = 8}, "member 'r/data/0': is compressed, which torch.save does not do"},
    {{.method = 8, .size_off = 2000000000}, "is compressed"},
    {{.method = 99}, "is compressed, which torch.save does not do"},
    {{.local_size_off = 1}, "contradicts the directory"},
    {{.local_size_off = 1, .flags = 8, .local_flags = 8}, "contradicts the directory"},
    {{.local_crc = 5}, "contradicts the directory"},
    {{.local_crc = 5, .flags = 8, .local_flags = 8}, "contradicts the directory"},
    {{.crc = 5, .local_crc = 5}, "is damaged: its CRC-32 is |the directory has 00000005"},
    {{.size_off = 4}, "is stored in 16 bytes, but its size is 20"},
    {{.size_off = -4, .stored_off = -4}, "its storage data/0 has 12 bytes, want 4 elements of 4"},
    {{.size_off = 4, .stored_off = 4}, "overlaps the archive's directory"},
    {{.size_off = 100000, .stored_off = 100000},
     "has 100016 bytes from byte|but the file has only"},
    {{.offset_off = 1}, "contradicts the directory"},
    {{.offset_off = -1}, "contradicts the directory"},
    {{.offset_off = 1000000}, "contradicts the directory"},
    {{.name = BYTES("r/../0")}, "its storage data/0 is not in the archive"},
    {{.name = BYTES("0.npy")}, "is an archive of NumPy (.npz); in Python, save"},
    {{.name = BYTES("0.txt")},
     "with the member '0.txt'; those of torch.save are all in one folder"},
    {{.name = BYTES("../data/0")}, "members '../data/0' and|all in one folder"},
    {{.name = BYTES("/data/0")}, "all in one folder"},
    {{.name = BYTES("r2/data/0")}, "all in one folder"},
    {{.name = BYTES("r")}, "all in one folder"},
    {{.name = BYTES("r/")}, "all in one folder"},
    {{.name = BYTES("r/data/0\0")}, "want a name of 1 to 512 bytes and without NUL"},
    {{.name = {LONG, ZIP_NAME + 1}}, "want a name of 1 to 512 bytes"},
    {{.name = BYTES("r/version")}, "member 'r/version': is in the archive twice"},
    {{.name = BYTES("r/data.pkl")}, "member 'r/data.pkl': is in the archive twice"},
    {{.name = BYTES("r/constants.pkl")}, "is a TorchScript archive"},
};

static void members_that_lie_are_refused(void **state) {
  const MadeMember right = sound().member[STORAGE];
  for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
    MadeArchive a = sound();
    a.member[STORAGE] = LIES[i].as;
    a.member[STORAGE].data = right.data;
    if (LIES[i].as.name.size == 0) a.member[STORAGE].name = right.name;
    expect_refusal(*state, &a, LIES[i].words);
  }
}

/* As PyTorch writes them: sizes and sum behind the data, zeros in the header; or no sum at all. */
static void what_pytorch_writes_is_accepted(void **state) {
  MadeArchive a = sound();
  a.member[STORAGE].flags = a.member[STORAGE].local_flags = 1 << 3 | 1 << 11;
  a.member[STORAGE].local_size_off = -(int)a.member[STORAGE].data.size;
  expect_opens(*state, "sizes follow", &a);
  a = sound();
  a.count64 = 3;
  expect_opens(*state, "zip64", &a);
  a = sound();
  a.comment = BYTES("by somebody");
  expect_opens(*state, "a comment", &a);
  a = sound();
  a.member[3] = (MadeMember){.name = BYTES("r/byteorder"), .data = BYTES("little")};
  a.member[4] = (MadeMember){.name = BYTES("r/.data/serialization_id"), .data = BYTES("123")};
  expect_opens(*state, "more members", &a);
}

static void members_that_overlap_are_refused(void **state) {
  static const char inside[] =
      "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x08\0\0\0r/data/1"
      "abcd";
  MadeArchive a = sound();
  a.member[STORAGE].data = (Bytes){inside, sizeof inside - 1};
  a.member[3] = (MadeMember){.name = BYTES("r/data/1"), .data = BYTES("abcd")};
  a.member[3].offset_off = -(int)sizeof inside + 1;
  expect_refusal(*state, &a, "member 'r/data/1': overlaps member 'r/data/0' at byte");
}

static void the_end_of_the_archive_is_checked(void **state) {
  static const char second[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
  const struct {
    MadeArchive end;
    const char *words;
  } cases[] = {
      {{.count_off = 1}, "the archive's directory|entry 3 of"},
      {{.count_off = -1}, "goes on after the 2 entries that it counts"},
      {{.count_off = -3}, "the archive has 0 members, want 1 to 1048576"},
      {{.directory_off = 1}, "the end of the archive contradicts itself"},
      {{.directory_off = -1}, "the end of the archive contradicts itself"},
      {{.directory_off = 100000}, "the end of the archive contradicts itself"},
      {{.directory_size_off = 100000}, "the end of the archive contradicts itself"},
      {{.directory_size_off = 1}, "the end of the archive contradicts itself"},
      {{.directory_size_off = -46}, "the end of the archive contradicts itself"},
      {{.count64 = 2000000, .count_off = UINT16_MAX - 3},
       "the archive has 2000000 members, want 1 to 1048576"},
      {{.count64 = 4, .count_off = 1}, "the archive's directory|entry 3 of"},
      {{.before = BYTES("PK\3\4 something else")}, "19 bytes stand before the archive"},
      {{.comment = {second, sizeof second - 1}}, "the end of the archive contradicts itself"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    MadeArchive a = sound();
    MadeArchive with = cases[i].end;
    memcpy(with.member, a.member, sizeof a.member);
    expect_refusal(*state, &with, cases[i].words);
  }
  MadeArchive a = sound();
  a.count64 = 3;
  a.locator = 1 << 30;
  expect_refusal(*state, &a, "the end of the archive contradicts itself");
  a.locator = UINT64_MAX - 10;
  expect_refusal(*state, &a, "the end of the archive contradicts itself");
}

/* Sizes and places that zip64 has: all three, none, or one too few. */
static void zip64_is_read(void **state) {
  static const struct {
    int values;
    const char *words; /* NULL: opens */
  } cases[] = {{3, NULL},
               {2, "member 'r/data/0': its entry of the directory is malformed"},
               {-1, "member 'r/data/0': its entry of the directory is malformed"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    MadeArchive a = sound();
    a.member[STORAGE].values64 = cases[i].values;
    if (cases[i].words) {
      expect_refusal(*state, &a, cases[i].words);
    } else {
      expect_opens(*state, "zip64", &a);
    }
  }
}

/* A member of 5 GiB, of which the file system stores nothing, and one behind it. */
static void members_beyond_4_gib_are_found(void **state) {
  TensorTable t;
  Error err = {0};
  MadeArchive a = sound();
  a.member[3] = a.member[STORAGE];
  a.member[STORAGE] = (MadeMember){.name = BYTES("r/data/1"), .hole = (uint64_t)5 << 30};
  a.member[STORAGE].values64 = a.member[3].values64 = 3;
  a.count64 = 4;
  expect_ok("open", tensor_table_open(&t, made_archive(*state, "a.pt", &a), &err), &err);
  const TensorEntry *e = tensor_table_find(&t, "w");
  assert_true((size_t)(e->data - t.file.data) > (size_t)5 << 30);
  assert_memory_equal(e->data, ((const float[]){0, 1, 2, 3}), e->size);
  tensor_table_close(&t);
}

/* What stands before an archive decides what the file is. */
static void other_files_with_an_archive_behind_are_refused(void **state) {
  MadeArchive a = sound();
  a.before = BYTES("\2\0\0\0\0\0\0\0{}");
  expect_refusal(*state, &a, "bytes after the last tensor");
  a.before = BYTES("#!/bin/sh\n");
  expect_refusal(*state, &a, "is no file of tensors but text");
}

static void parts_of_the_file_are_checked(void **state) {
  const struct {
    int member;
    MadeMember as;
    const char *words;
  } cases[] = {
      {PICKLE, {.name = BYTES("r/data.txt")}, "is a zip archive without r/data.pkl"},
      {PICKLE, {.name = BYTES("r/data.pkl")}, "data.pkl: byte 0: does not begin like a pickle"},
      {VERSION, {.name = BYTES("r/versions"), .data = BYTES("3")}, "version: is missing"},
      {VERSION, {.name = BYTES("r/version")}, "version: '', want 1 to 10"},
      {VERSION, {.name = BYTES("r/version"), .data = BYTES("0\n")}, "version: '0', want 1 to 10"},
      {VERSION, {.name = BYTES("r/version"), .data = BYTES("11\n")}, "version: '11', want"},
      {VERSION,
       {.name = BYTES("r/version"), .data = BYTES("1000000000000000000000000000000")},
       "version: '10000000000000000000', want 1 to 10"},
      {VERSION, {.name = BYTES("r/version"), .data = BYTES("3x")}, "version: '3x', want"},
      {3, {.name = BYTES("r/byteorder"), .data = BYTES("middle")}, "byteorder: want \"little\""},
      {3, {.name = BYTES("r/byteorder")}, "byteorder: want \"little\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    MadeArchive a = sound();
    a.member[cases[i].member] = cases[i].as;
    expect_refusal(*state, &a, cases[i].words);
  }
  static const char *const begun[] = {"PK\3\4", "PK\3\4 and so on", "PK\5\6"};
  for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
    TensorTable t;
    Error err = {0};
    const char *path = scratch_write(*state, "a.pt", begun[i], strlen(begun[i]));
    expect_error(begun[i], tensor_table_open(&t, path, &err), &err, STATUS_INPUT, "/a.pt: ");
  }
}

/* `zip -0 -r`, which a refusal of compressed members advises, adds the folders, too. */
static void folders_may_be_members(void **state) {
  MadeArchive a = sound();
  a.member[3] = (MadeMember){.name = BYTES("r/")};
  a.member[4] = (MadeMember){.name = BYTES("r/data/")};
  TensorTable t;
  Error err = {0};
  const char *path = made_archive(*state, "a.pt", &a);
  expect_ok("folders", tensor_table_open(&t, path, &err), &err);
  assert_int_equal(t.count, 1);
  tensor_table_close(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_that_lie_are_refused),
      cmocka_unit_test(what_pytorch_writes_is_accepted),
      cmocka_unit_test(members_that_overlap_are_refused),
      cmocka_unit_test(the_end_of_the_archive_is_checked),
      cmocka_unit_test(zip64_is_read),
      cmocka_unit_test(members_beyond_4_gib_are_found),
      cmocka_unit_test(other_files_with_an_archive_behind_are_refused),
      cmocka_unit_test(parts_of_the_file_are_checked),
      cmocka_unit_test(folders_may_be_members),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
