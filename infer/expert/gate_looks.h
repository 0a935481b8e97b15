/* gate_looks: what the gates of an expert seem to be, from their values and its factors. */
#ifndef SKEIN_GATE_LOOKS_H
#define SKEIN_GATE_LOOKS_H

#include "infer/expert/gate.h"

typedef enum GateLooks {
  LOOKS_TRAINED,      /* none of the others */
  LOOKS_ZERO,         /* 0 everywhere */
  LOOKS_STANDARDISED, /* see gate_form */
  LOOKS_UNIT,         /* of length 1, and no direction that is known */
  LOOKS_ARROW,        /* the first right singular vectors of B A (arrow.h), of either sign */
  /* Column 0 of the V^H that torch.linalg.svd returns for B A, which create_arrow_gate_from_lora of
   * GLIDER's code takes for the first right singular vector: it has that vector's first number, of
   * either sign, at its beginning, and is of length 1. */
  LOOKS_ARROW_COLUMN,
} GateLooks;

Status gate_looks(const Gate *gate, const Lora *lora, GateLooks *looks, Error *err);
const char *gate_looks_name(GateLooks looks); /* in a few words */

#endif
