/* PEFT directories, and the LoRAs among them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/adapter/lora_file.h"
#include "infer/expert/expert.h"
#include "infer/t5/t5.h"
#include "tools/inspect/inspect.h"

static const char PREFIX[] = "base_model.model.", SUFFIX_A[] = ".lora_A.weight";

static Status no_memory(const Weights *w, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", weights_path(w));
}

/* The module that tensor `name` is factor A of, in a new string; NULL when it is something else. */
static Status module_of(const Weights *w, const char *name, char **module, Error *err) {
  size_t n = strlen(name), prefix = strlen(PREFIX), suffix = strlen(SUFFIX_A);
  *module = NULL;
  if (n <= prefix + suffix || strncmp(name, PREFIX, prefix) != 0 ||
      strcmp(name + n - suffix, SUFFIX_A) != 0)
    return STATUS_OK;
  *module = strndup(name + prefix, n - prefix - suffix);
  return *module ? STATUS_OK : no_memory(w, err);
}

static Status factor_b(const Weights *w, const TensorEntry *a, const char *module,
                       const TensorEntry **b, Error *err) {
  char *name = lora_tensor_name(module, 'B');
  if (!name) return no_memory(w, err);
  *b = weights_find(w, name);
  free(name);
  if (*b) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: has no lora_B beside it", weights_path(w), a->name);
}

/* Sums over the modules of an expert. */
typedef struct Totals {
  int64_t modules, idle, parameters, non_finite;
} Totals;

static Status add_module(Inspection *in, json_t *rows, const PeftConfig *config, const char *module,
                         const TensorEntry *a, const TensorEntry *b, Totals *totals, Error *err) {
  Facts *f = &in->facts;
  json_t *row = facts_row(f, rows);
  int64_t rank = a->rank == 2 ? a->shape[0] : 0;
  double said;
  TRY(peft_config_alpha(config, module, &said, err));
  float alpha = (float)said;
  facts_set(f, row, "module", facts_text(module));
  facts_set(f, row, "d_in", json_integer(a->rank == 2 ? a->shape[1] : 0));
  facts_set(f, row, "d_out", json_integer(b->rank == 2 ? b->shape[0] : 0));
  facts_set(f, row, "rank", json_integer(rank));
  facts_set(f, row, "alpha", facts_number(alpha));
  facts_set(f, row, "scale", facts_number(lora_scale(alpha, rank, config->rslora)));
  totals->modules++;
  if (!in->values) return STATUS_OK;
  ValueSummary va = summarize_values(a), vb = summarize_values(b);
  facts_set(f, row, "norm_a", facts_number(va.norm));
  facts_set(f, row, "norm_b", facts_number(vb.norm));
  facts_set(f, row, "non_finite", json_integer(va.non_finite + vb.non_finite));
  totals->idle += va.norm == 0 || vb.norm == 0;
  totals->parameters += va.count + vb.count;
  totals->non_finite += va.non_finite + vb.non_finite;
  return STATUS_OK;
}

/* Every tensor is factor A of a module that has a B, or such a B. */
static Status add_modules(Inspection *in, const PeftConfig *config, const Weights *w,
                          Totals *totals, Error *err) {
  json_t *rows = facts_array(&in->facts, in->facts.root, "modules");
  for (size_t i = 0; i < weights_count(w); i++) {
    const TensorEntry *a = weights_entry(w, i);
    const TensorEntry *b;
    char *module;
    TRY(lora_tensor_check(weights_path(w), a->name, err));
    TRY(module_of(w, a->name, &module, err));
    if (!module) continue;
    Status status = factor_b(w, a, module, &b, err);
    if (status == STATUS_OK) status = add_module(in, rows, config, module, a, b, totals, err);
    free(module);
    TRY(status);
  }
  if (2 * (size_t)totals->modules != weights_count(w))
    return error_set(err, STATUS_INPUT,
                     "%s: %zu tensors but %lld pairs of factors; some lora_B has no lora_A",
                     weights_path(w), weights_count(w), (long long)totals->modules);
  return STATUS_OK;
}

static void add_summary(Inspection *in, const PeftConfig *config, const Totals *totals) {
  Facts *f = &in->facts;
  facts_set(f, f->root, "base_name", facts_text(config->base_name));
  facts_set(f, f->root, "rank", config->rank ? json_integer(config->rank) : json_null());
  facts_set(f, f->root, "alpha", facts_number(config->alpha));
  facts_set(f, f->root, "scale_formula",
            facts_text(config->rslora ? "alpha / sqrt(rank)" : "alpha / rank"));
  facts_set(f, f->root, "modules_covered", json_integer(totals->modules));
  if (!in->values) return;
  facts_set(f, f->root, "modules_without_effect", json_integer(totals->idle));
  facts_set(f, f->root, "parameters", json_integer(totals->parameters));
  facts_set(f, f->root, "non_finite", json_integer(totals->non_finite));
}

/* What was taken for something else. */
static void add_notes(Facts *f, const PeftConfig *config) {
  if (config->notes == 0) return;
  json_t *notes = facts_array(f, f->root, "notes");
  for (int i = 0; i < config->notes; i++) facts_append(f, notes, facts_text(config->note[i]));
}

static Status inspect_lora(Inspection *in, const PeftConfig *config, const Weights *w, Error *err) {
  Totals totals = {0};
  TRY(add_modules(in, config, w, &totals, err));
  add_summary(in, config, &totals);
  return STATUS_OK;
}

/* Opens the expert on its base, with every check of its use. */
static Status check_base(Inspection *in, const char *dir, Error *err) {
  T5 *model = NULL;
  Expert expert = {0};
  Status status = t5_open(&model, in->base, err);
  if (status == STATUS_OK) status = expert_open(&expert, dir, &model->modules, err);
  if (status == STATUS_OK) {
    Facts *f = &in->facts;
    facts_set(f, f->root, "fits_base", facts_text(in->base));
    facts_set(f, f->root, "base_linears", json_integer(model->modules.count));
    facts_set(f, f->root, "fingerprint", facts_text(expert_fingerprint(&expert)));
  }
  expert_close(&expert);
  t5_close(model);
  return status;
}

static Status describe_expert(Inspection *in, const PeftConfig *config, const char *dir,
                              Error *err) {
  Weights *w;
  TRY(weights_open_adapter(&w, dir, err));
  Status status = inspect_weights(in, w, err);
  if (status == STATUS_OK) {
    status = config->kind == PEFT_IA3 ? inspect_ia3(in, config, w, err)
                                      : inspect_lora(in, config, w, err);
  }
  if (status == STATUS_OK) add_notes(&in->facts, config);
  weights_close(w);
  if (status == STATUS_OK && in->base) status = check_base(in, dir, err);
  return status;
}

Status inspect_expert(Inspection *in, const char *dir, Error *err) {
  Facts *f = &in->facts;
  PeftConfig config = {0};
  Status status = peft_config_read(&config, dir, err);
  if (status == STATUS_OK) {
    bool ia3 = config.kind == PEFT_IA3;
    facts_set(f, f->root, "directory", facts_text(dir));
    facts_set(f, f->root, "kind", facts_text(ia3 ? "(IA)3 expert (PEFT)" : "LoRA expert (PEFT)"));
    status = describe_expert(in, &config, dir, err);
  }
  peft_config_free(&config);
  return status;
}
