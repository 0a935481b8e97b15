#include "infer/expert/expert.h"

bool expert_covers(const LoraFactor *factor, int module) {
  return factor[module].a.rows > 0;
}
