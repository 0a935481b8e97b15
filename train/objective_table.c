#include <string.h>

#include "train/objective.h"

const ObjectiveKind *const OBJECTIVE[OBJECTIVES] = {&objective_gate, &objective_lora,
                                                    &objective_ia3, &objective_base};

const ObjectiveKind *objective_find(const char *name) {
  for (int i = 0; i < OBJECTIVES; i++) {
    if (strcmp(name, OBJECTIVE[i]->name) == 0) return OBJECTIVE[i];
  }
  return NULL;
}
