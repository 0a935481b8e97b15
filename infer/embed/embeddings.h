/* embeddings: named vectors of one embedder, and their file: one F32 tensor "embeddings"
 * [count, dim], and in __metadata__
 *
 *   KEY       VALUE
 *   format    "skein-embeddings"
 *   version   "1"
 *   embedder  name of the embedder
 *   names     JSON list of the rows' names, all different
 *   texts     optional: JSON list, SHA-256 of the text that each row is of, "" where unknown
 *   prefix    optional: what an encoder of sentences had put before every text, "" for nothing */
#ifndef SKEIN_EMBEDDINGS_H
#define SKEIN_EMBEDDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/file/hash.h"

enum { EMBEDDER_NAME = 256 }; /* bytes of an embedder's name with its NUL, at most */

typedef struct Embeddings {
  char *embedder;
  char **name;            /* [count] */
  float *vector;          /* [count, dim] */
  char (*text)[HASH_HEX]; /* [count]; NULL: not recorded */
  char *prefix;           /* NULL: not recorded */
  int64_t count, dim;
} Embeddings;

Status embeddings_read(Embeddings *e, const char *path, Error *err);
/* Reads a file of vectors of any kind: one of embeddings_write; safetensors or a PyTorch file with
 * one tensor of rank 1 a name (F32, F16 or BF16); or JSON {"name": [numbers], ...}. The last two
 * may declare their embedder, as "embedder" in __metadata__ (in JSON: "__metadata__": {"embedder":
 * "..."}; in a PyTorch file: a string beside the tensors). `embedder` names one that the file does
 * not declare; another than it declares is STATUS_MISMATCH. Vectors of two lengths and numbers that
 * are not finite are STATUS_INPUT. */
Status embeddings_import(Embeddings *e, const char *path, const char *embedder, Error *err);
Status embeddings_write(const Embeddings *e, const char *path, Error *err);
/* Space for `count` rows: names NULL, vectors 0, texts not recorded. */
Status embeddings_new(Embeddings *e, const char *embedder, int64_t count, int64_t dim, Error *err);
void embeddings_free(Embeddings *e);                            /* a zeroed Embeddings is allowed */
int64_t embeddings_find(const Embeddings *e, const char *name); /* -1 when there is none */
/* POOL/embeddings/<embedder>.safetensors, with `examples` POOL/embeddings/examples-<embedder>...,
 * in a new string (NULL when out of memory). Bytes of the name outside [A-Za-z0-9._-] become '_';
 * the file itself has the whole name. */
char *embeddings_path(const char *pool_dir, const char *embedder, bool examples);
/* SHA-256 of a text as in `texts`. */
Status embed_text_hash(const char *text, char hex[HASH_HEX], Error *err);

/* STATUS_INPUT unless the name of an embedder, which `file` declares, fits EMBEDDER_NAME. */
Status embedder_name_check(const char *name, const char *file, Error *err);

#endif
