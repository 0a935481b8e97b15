/* released: experts and their gates in one checkpoint as the code of PHATGOOSE and GLIDER saves it
 * (released_key.h has the names): opened, checked against a model, read expert by expert.
 *
 * Both use a scale of 1 / r for every factor, which is an alpha of 1 (lora_linear.py and moe.py of
 * r-three/phatgoose, lora_alpha of UNITES-Lab/glider), and neither stores it. Gates are raw and
 * standardised by the router (Muqeeth et al. 2024, arXiv 2402.05859, section 3). */
#ifndef SKEIN_RELEASED_H
#define SKEIN_RELEASED_H

#include "infer/expert/gate.h"
#include "infer/expert/released_key.h"

enum { RELEASED_EXPERTS_MAX = 10000 };

/* The tensors of an expert at a module: 0, or 1 + their place in the file's order of names. */
typedef struct ReleasedSlot {
  size_t at[RELEASED_PARTS];
} ReleasedSlot;

typedef struct Released {
  char *path;
  Weights *weights;
  const Modules *modules; /* borrowed */
  int experts;
  ReleasedSlot *slot; /* [experts, modules] */
  bool gates;         /* there are gates in it */
} Released;

/* Maps the file, compares its sums where it has some, and finds the place of every tensor in it.
 * STATUS_INPUT for a name that is none of released_key.h and for two tensors in one place;
 * STATUS_MISMATCH for a linear that the model does not have. On failure *r is zeroed. */
Status released_open(Released *r, const char *path, const Modules *modules, Error *err);
void released_close(Released *r); /* a zeroed Released is allowed */

/* STATUS_INPUT naming the first tensor that is missing: the experts are numbered without a hole, a
 * linear that one has they all have, both factors go together, and with gates anywhere there is one
 * for each pair. */
Status released_check(const Released *r, Error *err);

/* Expert `i` with alpha 1 and its gates (of a file without gates: zeros), after released_check.
 * Shapes and values are checked: STATUS_MISMATCH, STATUS_INPUT. Where there is a gate of the run
 * beside one of a router it counts if the other is 0; two that differ are STATUS_INPUT. */
Status released_read(Released *r, int i, Lora **lora, Gate **gate, Error *err);
/* The type that holds the factors of expert `i` exactly: that of all of them, or F32. */
Status released_dtype(const Released *r, int i, Dtype *dtype, Error *err);

/* The gates of a file of one expert for this one: exactly the linears that it covers.
 * Factors in the file are not looked at. */
Status released_read_gate(Released *r, const Expert *expert, Gate **gate, Error *err);

/* Tensors that are in the file and not used: left over ones, and with `gates_only` factors too. The
 * first is named in *first (borrowed) where there is one. */
size_t released_unused(const Released *r, bool gates_only, const char **first);

#endif
