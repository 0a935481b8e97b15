#include "infer/module/act_name.h"

#include <stddef.h>
#include <string.h>

static const char *const NAMES[ACTS] = {
    [ACT_RELU] = "relu", [ACT_GELU_TANH] = "gelu_new", [ACT_GELU_ERF] = "gelu",
    [ACT_SILU] = "silu", [ACT_SIGMOID] = "sigmoid",    [ACT_TANH] = "tanh",
};

/* Further names; those of the tanh form differ in rounding only. */
static const struct {
  const char *name;
  Act act;
} ALIASES[] = {
    {"gelu_python", ACT_GELU_ERF},       {"gelu_fast", ACT_GELU_TANH},
    {"gelu_accurate", ACT_GELU_TANH},    {"gelu_pytorch_tanh", ACT_GELU_TANH},
    {"gelu_python_tanh", ACT_GELU_TANH}, {"swish", ACT_SILU},
};

const char *act_name(Act act) {
  return NAMES[act];
}

bool act_find(const char *name, Act *act) {
  for (int i = 0; i < ACTS; i++) {
    if (strcmp(NAMES[i], name) == 0) return *act = (Act)i, true;
  }
  for (size_t i = 0; i < sizeof ALIASES / sizeof *ALIASES; i++) {
    if (strcmp(ALIASES[i].name, name) == 0) return *act = ALIASES[i].act, true;
  }
  return false;
}

const char *act_names(void) {
  return "relu, gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, "
         "gelu_python_tanh, silu, swish, sigmoid, tanh";
}
