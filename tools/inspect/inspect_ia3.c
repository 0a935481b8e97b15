/* PEFT (IA)3 directories. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/inspect/inspect.h"

static const char PREFIX[] = "base_model.model.", SUFFIX[] = ".ia3_l";

/* The module whose vector tensor `name` is, in a new string. */
static Status module_of(const Weights *w, const char *name, char **module, Error *err) {
  size_t n = strlen(name), prefix = strlen(PREFIX), suffix = strlen(SUFFIX);
  if (n <= prefix + suffix || strncmp(name, PREFIX, prefix) != 0 ||
      strcmp(name + n - suffix, SUFFIX) != 0) {
    return error_set(err, STATUS_INPUT, "%s: %s: is no vector of an (IA)3; want %s<module>%s",
                     weights_path(w), name, PREFIX, SUFFIX);
  }
  *module = strndup(name + prefix, n - prefix - suffix);
  return *module ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", weights_path(w));
}

/* Sums over the modules of an expert. */
typedef struct Totals {
  int64_t modules, idle, parameters, non_finite;
} Totals;

static Status add_vector(Inspection *in, json_t *rows, const Weights *w, const TensorEntry *e,
                         const char *module, Totals *totals, Error *err) {
  Facts *f = &in->facts;
  if (e->rank != 2 || (e->shape[0] != 1 && e->shape[1] != 1)) {
    return error_set(err, STATUS_INPUT, "%s: %s: want a shape [d_out, 1] or [1, d_in]",
                     weights_path(w), e->name);
  }
  json_t *row = facts_row(f, rows);
  bool input = e->shape[0] == 1 && e->shape[1] != 1;
  facts_set(f, row, "module", facts_text(module));
  facts_set(f, row, "rescales", facts_text(input ? "inputs" : "outputs"));
  facts_set(f, row, "size", json_integer(e->shape[0] * e->shape[1]));
  totals->modules++;
  if (!in->values) return STATUS_OK;
  ValueSummary v = summarize_values(e);
  facts_set(f, row, "min", facts_number(v.min));
  facts_set(f, row, "max", facts_number(v.max));
  facts_set(f, row, "mean", facts_number(v.mean));
  facts_set(f, row, "non_finite", json_integer(v.non_finite));
  totals->idle += v.min >= 1 && v.max <= 1;
  totals->parameters += v.count;
  totals->non_finite += v.non_finite;
  return STATUS_OK;
}

static void add_summary(Inspection *in, const PeftConfig *config, const Totals *totals) {
  Facts *f = &in->facts;
  facts_set(f, f->root, "base_name", facts_text(config->base_name));
  facts_set(f, f->root, "modules_covered", json_integer(totals->modules));
  if (!in->values) return;
  facts_set(f, f->root, "modules_without_effect", json_integer(totals->idle));
  facts_set(f, f->root, "parameters", json_integer(totals->parameters));
  facts_set(f, f->root, "non_finite", json_integer(totals->non_finite));
}

Status inspect_ia3(Inspection *in, const PeftConfig *config, const Weights *w, Error *err) {
  Totals totals = {0};
  json_t *rows = facts_array(&in->facts, in->facts.root, "modules");
  for (size_t i = 0; i < weights_count(w); i++) {
    const TensorEntry *e = weights_entry(w, i);
    char *module;
    TRY(module_of(w, e->name, &module, err));
    Status status = add_vector(in, rows, w, e, module, &totals, err);
    free(module);
    TRY(status);
  }
  add_summary(in, config, &totals);
  return STATUS_OK;
}
