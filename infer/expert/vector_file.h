/* vector_file: vectors of one expert, one [d_in] a covered module, mapped and checked, values
 * unread. gate.safetensors and activation.safetensors are such files: tensors `<module>.<suffix>`,
 * and in __metadata__ format, version, base and expert as gate.h has them. For gate.c and pool*.c,
 * and for who writes activations. */
#ifndef SKEIN_VECTOR_FILE_H
#define SKEIN_VECTOR_FILE_H

#include "data/file/hash.h"
#include "data/tensors/weights.h"
#include "infer/module/modules.h"

#define GATE_FORMAT       "skein-gate"
#define ACTIVATION_FORMAT "skein-activation"
#define VECTOR_VERSION    "1" /* of either format */
#define GATE_SUFFIX       "gate"

typedef struct VectorFile {
  char *path;
  const char *format;
  Weights *weights;
  char base[HASH_HEX], expert[HASH_HEX]; /* fingerprints of whom it was made for */
} VectorFile;

/* Opens a file of that format (a literal). On failure *f is zeroed. */
Status vector_file_open(VectorFile *f, const char *path, const char *format, Error *err);
void vector_file_close(VectorFile *f); /* a zeroed VectorFile is allowed */

/* STATUS_MISMATCH unless it was made for this base and this expert, who is called `name` in the
 * message (NULL: it has none). */
Status vector_file_check_owner(const VectorFile *f, const char *base, const char *expert,
                               const char *name, Error *err);
/* *vector becomes `<module>.<suffix>` as weights_locate leaves it; a missing one and one of another
 * length are STATUS_MISMATCH. */
Status vector_file_locate(VectorFile *f, const Module *module, const char *suffix, Tensor *vector,
                          Error *err);
/* STATUS_MISMATCH unless every tensor has been located. */
Status vector_file_check_used(const VectorFile *f, Error *err);

/* "<module>.<suffix>" in a new string; NULL when out of memory. */
char *vector_name(const Module *module, const char *suffix);

/* A value of __metadata__, copied into `to` or read as a number of at most `max`. */
Status vector_file_text(const VectorFile *f, const char *key, char *to, size_t size, Error *err);
Status vector_file_number(const VectorFile *f, const char *key, uint64_t max, uint64_t *number,
                          Error *err);

#endif
