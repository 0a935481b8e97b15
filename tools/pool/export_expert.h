/* export_expert: one expert of a pool as tensors of PHATGOOSE's and of GLIDER's checkpoints.
 *
 * Their code holds the experts of a linear in tensors of one rank R and multiplies each B A by
 * 1 / R (src/models/addons/moe.py of r-three/phatgoose; lora_alpha 1 of UNITES-Lab/glider). So that
 * every expert computes there what it computes here, A and B get zeros up to R, the largest rank of
 * the pool, and B is multiplied by R scale, which is 1 of an expert of rank R and alpha 1: such a
 * one goes out to the bit. Gates go out as they are. */
#ifndef SKEIN_EXPORT_EXPERT_H
#define SKEIN_EXPORT_EXPERT_H

#include "data/tensors/torch_write.h"
#include "infer/expert/released_key.h"
#include "infer/pool/pool_expert.h"

typedef struct ExportForm {
  ReleasedStyle style;
  int64_t rank; /* R */
} ExportForm;

/* STATUS_MISMATCH naming an expert that is no LoRA, or two that do not cover the same linears: the
 * code of both papers has every expert everywhere, with a vote. */
Status export_form(ExportForm *form, ReleasedStyle style, const Pool *pool, Error *err);

/* What of an expert is not in the file as it is in the pool, in words; NULL: nothing. */
const char *export_change(const PoolExpert *e, const ExportForm *form);
/* Adds the tensors of expert `number`. */
Status export_expert(PoolExpert *e, const Modules *modules, const ExportForm *form, int number,
                     TorchWriter *w, Error *err);

#endif
