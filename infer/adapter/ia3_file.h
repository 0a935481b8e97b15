/* ia3_file: a PEFT (IA)3 directory, or a checkpoint of T-Few (tfew_file.h), mapped and checked, its
 * values unread. For ia3.c, expert_file.c and pool*.c; others use expert.h or pool.h. */
#ifndef SKEIN_IA3_FILE_H
#define SKEIN_IA3_FILE_H

#include "data/tensors/weights.h"
#include "infer/adapter/ia3_vector.h"
#include "infer/adapter/peft_config.h"
#include "infer/module/modules.h"

typedef struct Ia3File {
  PeftConfig config;
  const char *path; /* of the file of tensors; borrowed from weights */
  Weights *weights;
  Ia3Vector *vector; /* [count], by Module.id; l as weights_locate leaves it, laid out as a row */
  int count;         /* modules of the model */
  int covered;
  bool tfew; /* it is a checkpoint of T-Few: config is zeroed, but for an empty base_name */
} Ia3File;

/* Opens the directory, or the file of T-Few, with every check of ia3_open except that of values. On
 * failure *f is zeroed. */
Status ia3_file_open(Ia3File *f, const char *dir, const Modules *modules, Error *err);
void ia3_file_close(Ia3File *f); /* a zeroed Ia3File is allowed */

/* The name of a module's vector in PEFT's files, and in this file; in a new string, NULL when out of
 * memory. */
char *ia3_tensor_name(const char *module);
char *ia3_file_tensor_name(const Ia3File *f, const Module *module);

/* Whether `path` is a file, and so no PEFT directory but a checkpoint of T-Few. */
bool ia3_is_checkpoint(const char *path);

#endif
