/* expert_file: the PEFT directory of an expert of any kind, or the checkpoint of T-Few that an (IA)3
 * may be, mapped and checked, its values unread.
 * For pool*.c and `skein pool`; others use expert.h or pool.h. */
#ifndef SKEIN_EXPERT_FILE_H
#define SKEIN_EXPERT_FILE_H

#include "infer/adapter/ia3_file.h"
#include "infer/adapter/lora_file.h"
#include "infer/adapter/peft_type.h"

typedef struct ExpertFile {
  PeftType kind;
  LoraFile lora; /* of that kind; others are zeroed */
  Ia3File ia3;
} ExpertFile;

/* The kind of the adapter at `path`, of which nothing else is read. */
Status expert_kind_at(const char *path, PeftType *kind, Error *err);

/* Opens it with every check of expert_open except that of values. On failure *f is
 * zeroed. */
Status expert_file_open(ExpertFile *f, const char *dir, const Modules *modules, Error *err);
void expert_file_close(ExpertFile *f); /* a zeroed ExpertFile is allowed */

bool expert_file_covers(const ExpertFile *f, int module);
int expert_file_covered(const ExpertFile *f); /* modules */
/* Of the file of tensors. */
const char *expert_file_path(const ExpertFile *f);
Status expert_file_unchanged(const ExpertFile *f, Error *err);

#endif
