#include "infer/merge/merge_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/merge/merge_method.h"

/* ---- methods ---- */

enum { CAT, LINEAR, SVD, TIES, DARE_LINEAR, DARE_TIES, MAGNITUDE, TSV, ISO, METHODS };
#define METHOD_CHOICES "cat|linear|svd|ties|dare-linear|dare-ties|magnitude|tsv|iso"

static const MergeMethod METHOD[METHODS] = {
    [CAT] = {.name = "cat",
             .help = "the weighted sum of the updates, their factors side by side",
             .source = "Muqeeth et al. 2024, arXiv 2402.05859 (Merged Experts); PEFT's cat",
             .merge = merge_cat,
             .mean = true,
             .sums = true,
             .peft = true},
    [LINEAR] = {.name = "linear",
                .help = "the same sum in as few directions as hold all of it",
                .source = "Ilharco et al. 2023, arXiv 2212.04089 (task arithmetic)",
                .merge = merge_linear,
                .mean = true,
                .sums = true,
                .ranked = true,
                .peft = true,
                .factors = true},
    [SVD] = {.name = "svd",
             .help = "the best approximation of that sum with the largest rank of its experts",
             .source = "PEFT's svd",
             .merge = merge_svd,
             .mean = true,
             .ranked = true,
             .peft = true},
    [TIES] = {.name = "ties",
              .help = "the largest numbers of each update, and of these the sign that wins",
              .source = "Yadav et al. 2023, arXiv 2306.01708",
              .merge = merge_dense,
              .ranked = true,
              .prune = PRUNE_MAGNITUDE,
              .elect = true,
              .peft = true,
              .factors = true},
    [DARE_LINEAR] = {.name = "dare-linear",
                     .help =
                         "the sum of random parts of the updates, scaled up for what is dropped",
                     .source = "Yu et al. 2024, arXiv 2311.03099",
                     .merge = merge_dense,
                     .mean = true,
                     .ranked = true,
                     .prune = PRUNE_RANDOM,
                     .peft = true,
                     .factors = true},
    [DARE_TIES] = {.name = "dare-ties",
                   .help = "random parts of the updates, and of these the sign that wins",
                   .source = "Yu et al. 2024, arXiv 2311.03099, with arXiv 2306.01708",
                   .merge = merge_dense,
                   .ranked = true,
                   .prune = PRUNE_RANDOM,
                   .elect = true,
                   .peft = true,
                   .factors = true},
    [MAGNITUDE] = {.name = "magnitude",
                   .help = "the sum of the largest numbers of each update",
                   .source = "PEFT's magnitude_prune",
                   .merge = merge_dense,
                   .mean = true,
                   .ranked = true,
                   .prune = PRUNE_MAGNITUDE,
                   .peft = true,
                   .factors = true},
    [TSV] = {.name = "tsv",
             .help =
                 "the first singular directions of each update, made orthogonal to those of others",
             .source = "Gargiulo et al. 2025, arXiv 2412.00081 (TSV-M)",
             .merge = merge_tsv,
             .ranked = true},
    [ISO] = {.name = "iso",
             .help = "the sum of the updates, equally long in all its directions",
             .source = "Marczak et al. 2025, arXiv 2502.04959 (Iso-C)",
             .merge = merge_iso,
             .ranked = true},
};

const MergeMethod *merge_method(int index) {
  return &METHOD[index];
}

const MergeMethod *merge_peft_alone(void) {
  return &METHOD[LINEAR];
}

int merge_method_count(void) {
  return METHODS;
}

const char *merge_method_name(int method) {
  return METHOD[method].name;
}

const char *merge_method_help(int method) {
  return METHOD[method].help;
}

const char *merge_method_source(int method) {
  return METHOD[method].source;
}

/* ---- options ---- */

#define FIELD(name) offsetof(MergeSettings, name)

const Option MERGE_OPTION[MERGE_OPTIONS] = {
    {"merge.method", OPTION_CHOICE, FIELD(method), "cat", 0, 0, METHOD_CHOICES, false,
     "how updates become one; by default their mean"},
    {"merge.weights", OPTION_STRING, FIELD(weights), NULL, 0, 0, NULL, false,
     "a number for all experts, or NAME=NUMBER,... of all; unset: 1 / n, or 1 (ties, tsv, iso)"},
    {"merge.density", OPTION_REAL, FIELD(density), "0.2", 0, 1, NULL, false,
     "part of the numbers that is kept (ties, dare, magnitude); above 0"},
    {"merge.rank", OPTION_INT, FIELD(rank), "0", 0, 1e6, NULL, false,
     "of the merged update, and at most all of it; 0: what loses nothing, or (svd) the largest of "
     "the experts'"},
    {"merge.seed", OPTION_INT, FIELD(seed), "42", 0, OPTION_INT_MOST, NULL, false,
     "of what dare drops"},
    {"merge.scope", OPTION_CHOICE, FIELD(scope), "module", 0, 0, "module|expert", false,
     "what a density is a part of: each module's update, or all of an expert"},
    {"merge.compat", OPTION_CHOICE, FIELD(compat), "none", 0, 0, "none|peft", false,
     "peft: the arithmetic of PEFT's add_weighted_adapter, on A and on B apart"},
};

MergeSettings merge_mean(void) {
  return (MergeSettings){.method = CAT, .density = 1};
}

bool merge_reads(const MergeSettings *s, const char *key) {
  const MergeMethod *m = merge_method(s->method);
  if (strcmp(key, "merge.density") == 0) return m->prune != PRUNE_NONE;
  if (strcmp(key, "merge.scope") == 0) return m->prune == PRUNE_MAGNITUDE;
  if (strcmp(key, "merge.seed") == 0) return m->prune == PRUNE_RANDOM;
  if (strcmp(key, "merge.rank") == 0) return m->ranked && !(s->compat == COMPAT_PEFT && m->factors);
  return true;
}

Status merge_check(const MergeSettings *s, Error *err) {
  const MergeMethod *m = merge_method(s->method);
  if (s->density <= 0) return error_set(err, STATUS_USAGE, "merge.density: is 0, want above 0");
  if (s->rank > 0 && !merge_reads(s, "merge.rank"))
    return error_set(
        err, STATUS_USAGE,
        "merge.rank: %s%s has the rank of its factors; take svd, or linear, for another", m->name,
        s->compat == COMPAT_PEFT ? " of PEFT" : "");
  if (s->compat != COMPAT_PEFT) return STATUS_OK;
  if (!m->peft)
    return error_set(err, STATUS_USAGE, "merge.compat: PEFT has no merge like %s", m->name);
  if (s->scope == SCOPE_EXPERT && m->prune == PRUNE_MAGNITUDE)
    return error_set(err, STATUS_USAGE, "merge.scope: PEFT prunes each factor for itself");
  return STATUS_OK;
}

/* ---- weights ---- */

static Status read_number(const char *text, double *number, Error *err) {
  char *end;
  *number = strtod(text, &end);
  if (end != text && !*end && isfinite(*number)) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "merge.weights: '%.80s' is no finite number; want one number, or NAME=NUMBER,... "
      "of all experts",
      text);
}

/* "NAME=NUMBER" */
static Status read_pair(char *pair, const Pool *pool, double *weight, Error *err) {
  int expert;
  char *number = strchr(pair, '=');
  if (!number)
    return error_set(err, STATUS_USAGE, "merge.weights: '%.80s': want NAME=NUMBER", pair);
  *number++ = '\0';
  Error failure = {0};
  if (pool_require(pool, pair, &expert, &failure) != STATUS_OK)
    return error_set(err, STATUS_USAGE, "merge.weights: %.900s", failure.text);
  if (!isnan(weight[expert]))
    return error_set(err, STATUS_USAGE, "merge.weights: '%.100s' is there twice", pair);
  return read_number(number, &weight[expert], err);
}

static Status read_pairs(char *text, const Pool *pool, double *weight, Error *err) {
  for (int i = 0; i < pool_count(pool); i++) weight[i] = (double)NAN;
  for (char *pair; (pair = strsep(&text, ",")) != NULL;) TRY(read_pair(pair, pool, weight, err));
  for (int i = 0; i < pool_count(pool); i++) {
    if (!isnan(weight[i])) continue;
    return error_set(err, STATUS_USAGE, "merge.weights: names no weight of expert '%s'",
                     pool_entry(pool, i)->name);
  }
  return STATUS_OK;
}

Status merge_weights(const char *text, const Pool *pool, double *weight, Error *err) {
  if (!strchr(text, '=') && !strchr(text, ',')) {
    TRY(read_number(text, &weight[0], err));
    for (int i = 1; i < pool_count(pool); i++) weight[i] = weight[0];
    return STATUS_OK;
  }
  char *copy = strdup(text);
  if (!copy) return error_set(err, STATUS_RUN, "out of memory: weights of a merge");
  Status status = read_pairs(copy, pool, weight, err);
  free(copy);
  return status;
}
