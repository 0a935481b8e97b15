#include "infer/adapter/lora_factor.h"

#include <math.h>

float lora_scale(float alpha, int64_t rank, bool rslora) {
  return alpha / (rslora ? sqrtf((float)rank) : (float)rank);
}

LowRank lora_update(LoraFactor *factor) {
  return (LowRank){.a = &factor->a, .b = &factor->b, .scale = factor->scale};
}
