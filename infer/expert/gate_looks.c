#include "infer/expert/gate_looks.h"

#include <math.h>
#include <stdlib.h>

#include "infer/expert/arrow.h"

const char *gate_looks_name(GateLooks looks) {
  static const char *const NAME[] = {
      [LOOKS_TRAINED] = "trained",
      [LOOKS_ZERO] = "zero",
      [LOOKS_STANDARDISED] = "standardised",
      [LOOKS_UNIT] = "unit vectors",
      [LOOKS_ARROW] = "first right singular vectors",
      [LOOKS_ARROW_COLUMN] = "column 0 of V^H",
  };
  return NAME[looks];
}

static double length_of(const Tensor *v) {
  double sum = 0;
  for (int64_t i = 0; i < v->cols; i++) sum += (double)v->data[i] * (double)v->data[i];
  return sqrt(sum);
}

/* What the vectors of all modules have in common. */
typedef struct Common {
  bool zero, unit, arrow, column;
} Common;

/* `p`: the prototype of the expert at the module. The bounds leave room for bf16. */
static void compare(Common *c, const Tensor *v, const float *p) {
  double length = length_of(v), product = 0;
  for (int64_t i = 0; i < v->cols; i++) product += (double)v->data[i] * (double)p[i];
  c->zero = c->zero && length <= 0;
  c->unit = c->unit && fabs(length - 1) < 1e-2;
  c->arrow = c->arrow && fabs(product) > 0.99 * length;
  c->column = c->column && fabs(fabs((double)v->data[0]) - fabs((double)p[0])) < 2e-3;
}

static Status compare_module(Common *c, const Tensor *v, LoraFactor *factor, Error *err) {
  float *p = malloc((size_t)v->cols * sizeof *p);
  if (!p) return error_set(err, STATUS_RUN, "out of memory: a prototype");
  LowRank update = lora_update(factor);
  Status status = arrow_prototype(&update, p, err);
  if (status == STATUS_OK) compare(c, v, p);
  free(p);
  return status;
}

Status gate_looks(const Gate *gate, const Lora *lora, GateLooks *looks, Error *err) {
  Common c = {true, true, true, true};
  for (int i = 0; i < gate->count; i++) {
    if (!gate_covers(gate, i) || !(c.zero || c.unit)) continue;
    TRY(compare_module(&c, &gate->vector[i], &lora->factor[i], err));
  }
  *looks = LOOKS_TRAINED;
  if (gate_form(gate) == GATE_STANDARDISED) *looks = LOOKS_STANDARDISED;
  if (c.unit) *looks = c.arrow ? LOOKS_ARROW : c.column ? LOOKS_ARROW_COLUMN : LOOKS_UNIT;
  if (c.zero) *looks = LOOKS_ZERO;
  return STATUS_OK;
}
