/* act_name: the names that Hugging Face has for activations. For the configurations of models, and
 * `skein inspect`. */
#ifndef SKEIN_ACT_NAME_H
#define SKEIN_ACT_NAME_H

#include <stdbool.h>

#include "autograd/kernel/kernels.h"

/* The name that skein writes: "relu", "gelu_new", "gelu", "silu", "sigmoid", "tanh". */
const char *act_name(Act act);
/* The activation of that name, or of another name of ACT2FN (transformers, activations.py) for the
 * same function. False when it is not computed. */
bool act_find(const char *name, Act *act);
/* All names of act_find, separated by ", ". */
const char *act_names(void);

#endif
