#include "tools/pool/export_expert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Status out_of_memory(const PoolExpert *e, Error *err) {
  return error_set(err, STATUS_RUN, "expert '%s': out of memory", e->entry->name);
}

static Status check_cover(const Pool *pool, int module, Error *err) {
  for (int e = 1; e < pool_count(pool); e++) {
    bool covers = pool_covers(pool, e, module);
    if (covers == pool_covers(pool, 0, module)) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: expert '%s' does not cover %s and '%s' does; their code gives every expert a "
        "vote everywhere, so take one of the two out (skein pool rm, of a copy)",
        pool_dir(pool), pool_entry(pool, covers ? 0 : e)->name,
        pool_modules(pool)->module[module].name, pool_entry(pool, covers ? e : 0)->name);
  }
  return STATUS_OK;
}

static Status check_kinds(const Pool *pool, Error *err) {
  for (int e = 0; e < pool_count(pool); e++) {
    PeftType kind = pool_entry(pool, e)->kind;
    if (kind == PEFT_LORA) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: expert '%s': is an %s, and their checkpoints hold LoRAs alone; export peft",
        pool_dir(pool), pool_entry(pool, e)->name, peft_type_title(kind));
  }
  return STATUS_OK;
}

Status export_form(ExportForm *form, ReleasedStyle style, const Pool *pool, Error *err) {
  *form = (ExportForm){.style = style};
  TRY(check_kinds(pool, err));
  for (int i = 0; i < pool_modules(pool)->count; i++) {
    TRY(check_cover(pool, i, err));
    if (pool_max_rank(pool, i) > form->rank) form->rank = pool_max_rank(pool, i);
  }
  return STATUS_OK;
}

/* What B is multiplied by. */
static double factor_of(const PoolExpert *e, int module, const ExportForm *form) {
  const LoraFactor *f = &e->file.lora.factor[module];
  double rank = (double)f->a.rows;
  return (double)f->alpha * (double)form->rank / (e->file.lora.config.rslora ? sqrt(rank) : rank);
}

const char *export_change(const PoolExpert *e, const ExportForm *form) {
  bool padded = false, scaled = false;
  for (int i = 0; i < e->file.lora.count; i++) {
    if (!lora_covers(e->file.lora.factor, i)) continue;
    double factor = factor_of(e, i, form);
    padded |= e->file.lora.factor[i].a.rows < form->rank;
    scaled |= factor < 1 || factor > 1;
  }
  bool fixed = e->gate_info.form != GATE_RAW;
  if (padded && fixed) return "zeros up to the common rank, B scaled; gates will be standardised";
  if (padded) return "zeros up to the common rank, B scaled";
  if (scaled && fixed) return "B scaled; gates will be standardised";
  if (scaled) return "B scaled";
  return fixed ? "gates will be standardised by their code" : NULL;
}

/* One matrix on its way out. */
typedef struct Part {
  ReleasedPart part;
  Dtype dtype; /* as stored */
  float *data; /* [rows, cols] of the file */
  int64_t rows, cols;
} Part;

static Status write_part(const Part *p, const Module *module, const ExportForm *form, int number,
                         TorchWriter *w, Error *err) {
  char *name = released_name(form->style, p->part, module->name, number);
  if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", module->name);
  SafetensorsItem item = {name, p->dtype, p->data, p->rows, p->cols, p->part == RELEASED_GATE};
  Status status = torch_writer_add(w, &item, err);
  free(name);
  return status;
}

/* The matrix times a factor into the beginning of zeros, perhaps turned. */
static void fill_part(Part *p, const Tensor *m, double factor, bool turned) {
  for (int64_t i = 0; i < m->rows; i++) {
    for (int64_t j = 0; j < m->cols; j++) {
      double value = (double)m->data[i * m->cols + j] * factor;
      p->data[turned ? j * p->cols + i : i * p->cols + j] = (float)value;
    }
  }
}

/* A factor [rows, cols] with zeros up to the common rank. */
static Status write_factor(const PoolExpert *e, const Module *module, const Tensor *m,
                           ReleasedPart part, const ExportForm *form, int number, TorchWriter *w,
                           Error *err) {
  bool a = part == RELEASED_A, turned = form->style == STYLE_PHATGOOSE;
  double factor = a ? 1 : factor_of(e, module->id, form);
  const LoraFactor *stored = &e->file.lora.factor[module->id];
  int64_t rows = a ? form->rank : m->rows, cols = a ? m->cols : form->rank;
  bool same = !(factor < 1) && !(factor > 1);
  Part p = {.part = part,
            .dtype = !same ? DTYPE_F32
                     : a   ? stored->a.dtype
                           : stored->b.dtype,
            .data = calloc((size_t)(rows * cols), sizeof(float)),
            .rows = turned ? cols : rows,
            .cols = turned ? rows : cols};
  if (!p.data) return out_of_memory(e, err);
  fill_part(&p, m, factor, turned);
  Status status = write_part(&p, module, form, number, w, err);
  free(p.data);
  return status;
}

static Status write_gate(const PoolExpert *e, const Module *module, const ExportForm *form,
                         int number, TorchWriter *w, Error *err) {
  Part p = {.part = RELEASED_GATE, .dtype = DTYPE_F32, .rows = 1, .cols = module->d_in};
  p.data = malloc((size_t)module->d_in * sizeof *p.data);
  if (!p.data) return out_of_memory(e, err);
  Status status = pool_expert_vector(e, VECTOR_GATE, module, p.data, err);
  if (status == STATUS_OK) status = write_part(&p, module, form, number, w, err);
  free(p.data);
  return status;
}

Status export_expert(PoolExpert *e, const Modules *modules, const ExportForm *form, int number,
                     TorchWriter *w, Error *err) {
  for (int i = 0; i < modules->count; i++) {
    const Module *module = &modules->module[i];
    Adapter adapter;
    if (!lora_covers(e->file.lora.factor, i)) continue;
    TRY(pool_expert_adapter(e, module, &adapter, err));
    TRY(write_factor(e, module, adapter.low_rank.a, RELEASED_A, form, number, w, err));
    TRY(write_factor(e, module, adapter.low_rank.b, RELEASED_B, form, number, w, err));
    TRY(write_gate(e, module, form, number, w, err));
  }
  return STATUS_OK;
}
