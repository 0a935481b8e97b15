/* lora_factor: what a LoRA holds for one linear, as its files say it. The scale alpha / r
 * (alpha / sqrt(r) with use_rslora: rsLoRA, Kalajdzievski 2023, arXiv 2312.03732) is made here and
 * nowhere else. What runs is a LowRank (autograd/product/low_rank.h), which borrows these matrices
 * and may have a gate beside them. */
#ifndef SKEIN_LORA_FACTOR_H
#define SKEIN_LORA_FACTOR_H

#include <stdbool.h>

#include "autograd/product/low_rank.h"

typedef struct LoraFactor {
  Tensor a; /* [r, d_in] */
  Tensor b; /* [d_out, r] */
  float alpha, scale;
} LoraFactor;

/* Whether `factor` [modules] covers the module with this id. */
static inline bool lora_covers(const LoraFactor *factor, int module) {
  return factor[module].a.rows > 0;
}

/* alpha / rank, or alpha / sqrt(rank) with use_rslora. */
float lora_scale(float alpha, int64_t rank, bool rslora);

/* The factor as an update without a gate; it borrows a and b. */
LowRank lora_update(LoraFactor *factor);

#endif
