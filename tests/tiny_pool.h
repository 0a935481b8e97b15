/* tiny_pool: a pool of small random experts in a directory. */
#ifndef SKEIN_TESTS_TINY_POOL_H
#define SKEIN_TESTS_TINY_POOL_H

#include "infer/pool/pool.h"
#include "infer/t5/t5.h"

typedef struct TinyExpert {
  const char *name, *targets; /* as lora_new and ia3_new take them */
  int rank;
  uint64_t seed; /* of its factors and gates */
  Dtype dtype;   /* of its factors in the file */
  bool activation;
  const char *feedforward; /* of an (IA)3, as ia3_new takes it; NULL: a LoRA */
} TinyExpert;

/* Writes pool.yaml and the experts (tiny_lora, tiny_ia3, tiny_gates) into `dir`, which is made. */
void tiny_pool(const char *dir, T5 *model, const TinyExpert *expert, int count);
/* Lists the files of a pool as they are now, as if its contributors had made them so. */
void tiny_pool_list(const char *dir);

#endif
