/* tfew_file: an (IA)3 as the code of T-Few saves it (r-three/t-few; finish.pt of a run and the
 * pretrained checkpoints): one file, not a directory, of the learnt vectors alone,
 *
 *   <module>.multi_lora_b   [d_out, 1]   outputs are rescaled
 *   <module>.multi_lora_a   [1, d_in]    inputs are rescaled
 *
 * of which a module may have one. Nothing in it says of which base it is, so shapes and names alone
 * tell another. For ia3_file.c. */
#ifndef SKEIN_TFEW_FILE_H
#define SKEIN_TFEW_FILE_H

#include "infer/adapter/ia3_file.h"

/* As ia3_file_open, which asks for it. On failure the caller closes *f. */
Status tfew_file_open(Ia3File *f, const char *path, const Modules *modules, Error *err);

/* The name of a module's vector in a new string; NULL when out of memory. */
char *tfew_tensor_name(const char *module, bool input);

#endif
