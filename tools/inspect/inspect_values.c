/* The numbers of stored tensors. */
#include <math.h>
#include <string.h>

#include "tools/inspect/inspect.h"

enum { BLOCK = 4096 };

static void add_value(ValueSummary *s, double x, double *sum, double *squares) {
  if (!isfinite(x)) {
    s->non_finite++;
    return;
  }
  /* False for the NaN they start as, so that the first value takes both. */
  if (!(s->min <= x)) s->min = x;
  if (!(s->max >= x)) s->max = x;
  *sum += x;
  *squares += x * x;
}

/* Elements [at, at + n) of the tensor's data, which may be unaligned. */
static void read_block(double out[BLOCK], const unsigned char *data, bool f64, Dtype dtype,
                       int64_t at, size_t n) {
  if (f64) {
    memcpy(out, data + 8 * at, 8 * n);
    return;
  }
  float narrow[BLOCK];
  dtype_widen(narrow, data + (int64_t)dtype_size(dtype) * at, dtype, n);
  for (size_t i = 0; i < n; i++) out[i] = narrow[i];
}

ValueSummary summarize_values(const TensorEntry *entry) {
  ValueSummary s = {.count = 1, .min = NAN, .max = NAN, .mean = NAN, .norm = NAN};
  for (int i = 0; i < entry->rank; i++) s.count *= entry->shape[i];
  Dtype dtype = DTYPE_F32;
  bool f64 = strcmp(entry->dtype, "F64") == 0;
  s.known = f64 || tensor_entry_dtype(entry, &dtype);
  double sum = 0, squares = 0, block[BLOCK];
  for (int64_t at = 0; s.known && at < s.count; at += BLOCK) {
    size_t n = (size_t)(s.count - at < BLOCK ? s.count - at : BLOCK);
    read_block(block, entry->data, f64, dtype, at, n);
    for (size_t i = 0; i < n; i++) add_value(&s, block[i], &sum, &squares);
  }
  int64_t finite = s.count - s.non_finite;
  if (s.known && finite > 0) {
    s.mean = sum / (double)finite;
    s.norm = sqrt(squares);
  }
  return s;
}

int64_t inspect_tensor(Inspection *in, json_t *rows, const TensorEntry *entry) {
  Facts *f = &in->facts;
  json_t *row = facts_row(f, rows);
  facts_set(f, row, "tensor", facts_text(entry->name));
  facts_set(f, row, "dtype", facts_text(entry->dtype));
  json_t *shape = facts_array(f, row, "shape");
  for (int i = 0; i < entry->rank; i++) facts_append(f, shape, json_integer(entry->shape[i]));
  if (entry->storage) {
    facts_set(f, row, "shares_with", facts_text(entry->sharer ? entry->sharer->name : "-"));
  }
  if (!in->values) return 0;
  ValueSummary s = summarize_values(entry);
  facts_set(f, row, "min", facts_number(s.min));
  facts_set(f, row, "max", facts_number(s.max));
  facts_set(f, row, "mean", facts_number(s.mean));
  facts_set(f, row, "non_finite", s.known ? json_integer(s.non_finite) : json_null());
  return s.non_finite;
}
