/* torch_made: PyTorch files spelt out by hand, with whatever is to be wrong in them. */
#ifndef SKEIN_TESTS_TORCH_MADE_H
#define SKEIN_TESTS_TORCH_MADE_H

#include <stdint.h>

#include "data/tensors/tensor_table.h"
#include "tests/scratch.h"

/* Bytes with NULs among them: BYTES("K\0"). */
typedef struct Bytes {
  const char *data;
  size_t size;
} Bytes;
#define BYTES(text)        \
  (Bytes) {                \
    text, sizeof(text) - 1 \
  }

/* A member of an archive. Zeros are the truth: sizes and offsets are off by what is given. */
typedef struct MadeMember {
  Bytes name, data;
  const char *local_name; /* in the header before the data; NULL: `name` */
  unsigned flags, local_flags;
  unsigned method;
  uint32_t crc, local_crc;
  int size_off, stored_off, local_size_off;
  int offset_off;
  int values64;  /* size, stored size and offset are left to zip64: so many it has; -1: none */
  uint64_t hole; /* bytes of zeros that are the data in place of `data` */
} MadeMember;

enum { MADE_MEMBERS = 8 };

/* An archive; the same for its end. */
typedef struct MadeArchive {
  MadeMember member[MADE_MEMBERS]; /* up to the first without a name */
  Bytes before, comment;
  int count_off, directory_off, directory_size_off;
  uint64_t count64; /* 0: no records of zip64 */
  uint64_t locator; /* where the locator of zip64 says that its record is */
} MadeArchive;

/* Writes the archive and returns its path, as scratch_write does. */
const char *made_archive(Scratch *s, const char *name, const MadeArchive *a);

/* An archive as torch.save makes it: data.pkl, version and storage 0 of four floats 0, 1, 2, 3. */
MadeArchive made_torch(Bytes pickle);

/* made_torch(pickle), which must open. */
TensorTable open_made_pickle(Scratch *s, Bytes pickle);
/* made_torch(pickle), which is refused with these words (expect_error). */
void expect_made_refused(Scratch *s, Bytes pickle, const char *words);

typedef struct MadeCase {
  Bytes pickle;
  const char *words;
} MadeCase;
void expect_made_cases(Scratch *s, const MadeCase *cases, size_t count);
#define REFUSED(s, cases) expect_made_cases(s, cases, sizeof cases / sizeof *(cases))

/* Opcodes. A tensor on storage 0; the arguments are opcodes, too. */
#define MADE_STORAGE_OF(type, key, numel)  \
  "(\x8c\x07storagectorch\n" type "\n" key \
  "\x8c\x03"                               \
  "cpu" numel "tQ"
#define MADE_STORAGE              \
  MADE_STORAGE_OF("FloatStorage", \
                  "\x8c\x01"      \
                  "0",            \
                  "K\x04")
#define MADE_REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define MADE_VIEW(storage, offset, size, stride) \
  MADE_REBUILD "(" storage offset size stride "\x89}tR"
#define MADE_TENSOR MADE_VIEW(MADE_STORAGE, "K\0", "K\x04\x85", "K\x01\x85")
/* A dictionary with one entry, "w". */
#define MADE_DICT(value) "\x80\x02}\x8c\x01w" value "s."

#endif
