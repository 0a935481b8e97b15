/* Files of tensors, and the gates among them. */
#include <math.h>
#include <string.h>

#include "tools/inspect/inspect.h"

/* Texts beside the tensors. */
static void add_texts(Facts *f, const TensorTable *s) {
  bool torch = s->format == FORMAT_TORCH;
  json_t *o = facts_object(f, f->root, torch ? "other_values" : "metadata");
  for (size_t i = 0; i < s->meta_count; i++) {
    json_t *value = facts_text(s->meta[i].value);
    facts_set(f, o, s->meta[i].key, value);
  }
}

static void add_tensors(Inspection *in, const TensorTable *s) {
  Facts *f = &in->facts;
  int64_t elements = 0, non_finite = 0;
  json_t *rows = json_array();
  for (size_t i = 0; i < s->count; i++) {
    const TensorEntry *e = &s->entry[i];
    int64_t n = 1;
    for (int d = 0; d < e->rank; d++) n *= e->shape[d];
    elements += n;
    non_finite += inspect_tensor(in, rows, e);
  }
  facts_set(f, f->root, "tensors", json_integer((json_int_t)s->count));
  facts_set(f, f->root, "elements", json_integer(elements));
  if (in->values) facts_set(f, f->root, "non_finite", json_integer(non_finite));
  if (s->wrapper) facts_set(f, f->root, "names_begin_behind", facts_text(s->wrapper));
  add_texts(f, s);
  facts_set(f, f->root, "contents", rows);
}

/* One vector a module, "<module>.gate"; its length says how far training moved it from 0. */
static void add_gates(Inspection *in, const TensorTable *s) {
  Facts *f = &in->facts;
  int64_t moved = 0, non_finite = 0;
  double sum = 0;
  json_t *rows = json_array();
  for (size_t i = 0; i < s->count; i++) {
    const TensorEntry *e = &s->entry[i];
    ValueSummary v = summarize_values(e);
    json_t *row = facts_row(f, rows);
    facts_set(f, row, "gate", facts_text(e->name));
    facts_set(f, row, "d_in", json_integer(v.count));
    facts_set(f, row, "norm", facts_number(v.norm));
    facts_set(f, row, "min", facts_number(v.min));
    facts_set(f, row, "max", facts_number(v.max));
    facts_set(f, row, "non_finite", json_integer(v.non_finite));
    moved += v.norm > 0;
    sum += isnan(v.norm) ? 0 : v.norm;
    non_finite += v.non_finite;
  }
  facts_set(f, f->root, "gates", json_integer((json_int_t)s->count));
  facts_set(f, f->root, "gates_not_zero", json_integer(moved));
  facts_set(f, f->root, "mean_norm", s->count ? facts_number(sum / (double)s->count) : json_null());
  facts_set(f, f->root, "non_finite", json_integer(non_finite));
  add_texts(f, s);
  facts_set(f, f->root, "vectors", rows);
}

static void describe_file(Inspection *in, const TensorTable *s) {
  Facts *f = &in->facts;
  bool torch = s->format == FORMAT_TORCH;
  const char *format = tensor_table_meta(s, "format");
  bool gate = format && strcmp(format, "skein-gate") == 0;
  facts_set(f, f->root, "file", facts_text(s->file.path));
  facts_set(f, f->root, "kind",
            facts_text(gate    ? "gate of an expert"
                       : torch ? "PyTorch file"
                               : "safetensors"));
  facts_set(f, f->root, "size_bytes", json_integer((json_int_t)s->file.size));
  if (gate) {
    add_gates(in, s);
  } else {
    add_tensors(in, s);
  }
}

Status inspect_file(Inspection *in, const char *path, Error *err) {
  TensorTable s = {0};
  TRY(tensor_table_open(&s, path, err));
  Status status = in->values ? tensor_table_verify(&s, err) : STATUS_OK;
  if (status == STATUS_OK) describe_file(in, &s);
  tensor_table_close(&s);
  return status;
}

Status inspect_weights(Inspection *in, const Weights *w, Error *err) {
  Facts *f = &in->facts;
  facts_set(f, f->root, "weights", facts_text(weights_path(w)));
  const char *passed = weights_passed(w);
  if (passed) facts_set(f, f->root, "not_read_beside_it", facts_text(passed));
  for (size_t i = 0; in->values && i < weights_tables(w); i++) {
    TRY(tensor_table_verify(weights_table(w, i), err));
  }
  return STATUS_OK;
}
