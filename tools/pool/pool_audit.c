#include "tools/pool/pool_audit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "infer/pool/pool_similarity.h"
#include "tools/pool/gate_audit.h"
#include "tools/pool/pool_sample.h"

enum { THREADS = 2 };

typedef struct Audit {
  Pool *pool;
  const Base *base;
  GateAudit gates;
  PoolSimilarity alike;
  Status severity; /* of a finding */
  Findings *found;
} Audit;

static const char *name(const Audit *a, int expert) {
  return pool_entry(a->pool, expert)->name;
}

/* The other expert whose gates are the most like those of `expert`; -1: there is none. */
static int nearest(const Audit *a, int expert) {
  int n = a->alike.experts, best = -1;
  const double *row = a->alike.gate + expert * n;
  for (int i = 0; i < n; i++) {
    if (i != expert && !isnan(row[i]) && (best < 0 || row[i] > row[best])) best = i;
  }
  return best;
}

static void report_gate(const Audit *a, int expert) {
  int near = nearest(a, expert);
  char beside[POOL_NAME_MAX + 64] = "";
  if (near >= 0) {
    snprintf(beside, sizeof beside, "; nearest: %s, %.3f", name(a, near),
             a->alike.gate[expert * a->alike.experts + near]);
  }
  findings_add_gate(a->found, name(a, expert), a->gates.first[expert], a->gates.aligned[expert],
                    beside);
}

/* Of so many experts the share of each is 1 / experts. */
static bool comes_first(double first, int experts) {
  return experts > 1 && first * (experts - 1) > POOL_FIRST * (1 - first);
}

static void judge_gate(const Audit *a, int expert) {
  int experts = pool_count(a->pool);
  double first = a->gates.first[expert], aligned = a->gates.aligned[expert];
  if (comes_first(first, experts)) {
    findings_add(a->found, name(a, expert), a->severity,
                 "its gate comes first on %.0f %% of the text, where a share is %.0f %%: it would "
                 "take the tokens of other experts' tasks",
                 100 * first, 100.0 / experts);
  }
  if (aligned > POOL_ALIGNED) {
    findings_add(a->found, name(a, expert), a->severity,
                 "its gate points where the inputs of its modules point on average (cosine %.2f), "
                 "as vectors of `skein train activation` do",
                 aligned);
  }
}

/* True where the later expert is like the earlier one. */
static bool judge_pair(const Audit *a, int earlier, int later) {
  double gate = a->alike.gate[later * a->alike.experts + earlier];
  double update = a->alike.update[later * a->alike.experts + earlier];
  if (!(gate > POOL_ALIKE || update > POOL_ALIKE)) return false;
  bool copy = gate > POOL_COPY && update > POOL_COPY;
  findings_add(a->found, name(a, later), a->severity,
               "is %s of %s (cosine of gates %.4f, of updates %.4f)",
               copy ? "a copy" : "nearly a copy", name(a, earlier), gate, update);
  return true;
}

static void judge(const Audit *a) {
  int experts = pool_count(a->pool);
  for (int i = 0; i < experts; i++) report_gate(a, i);
  for (int i = 0; i < experts; i++) {
    judge_gate(a, i);
    bool like = false; /* of many copies each is told once */
    for (int k = 0; k < i && !like; k++) like = judge_pair(a, k, i);
  }
}

static Status measure(Audit *a, const char *sample, Error *err) {
  ExampleSet *text = NULL;
  TRY(pool_sample_open(&text, sample, a->base->tokenizer, err));
  Status status = gate_audit(&a->gates, a->pool, a->base, text, THREADS, err);
  examples_close(text);
  if (status != STATUS_OK) return status;
  return pool_similarity(&a->alike, a->pool, THREADS, err);
}

/* The experts that have gates, as a list for pool_open; NULL when out of memory. */
static char *with_gates(const PoolManifest *m) {
  char *list = calloc((size_t)m->count + 1, POOL_NAME_MAX + 2), *at = list;
  for (int i = 0; list && i < m->count; i++) {
    if (!m->entry[i].hash[POOL_GATE][0]) continue;
    at += sprintf(at, "%s%s", at > list ? "," : "", m->entry[i].name);
  }
  return list;
}

static Status open_with_gates(Audit *a, const PoolManifest *m, Error *err) {
  char *list = with_gates(m);
  if (!list) return error_set(err, STATUS_RUN, "out of memory: looking at gates");
  Status status = STATUS_OK;
  if (*list)
    status = pool_open_as_is(&a->pool, m->dir, &a->base->model->modules, m->sample, list, err);
  free(list);
  return status;
}

Status pool_audit_gates(const PoolManifest *m, const Base *base, const PoolOptions *o,
                        Findings *found, Error *err) {
  Audit a = {.base = base, .found = found, .severity = o->strict ? STATUS_MISMATCH : STATUS_OK};
  TRY(open_with_gates(&a, m, err));
  if (!a.pool) return STATUS_OK;
  Status status = STATUS_OK;
  if (status == STATUS_OK) status = measure(&a, o->sample, err);
  if (status == STATUS_OK) judge(&a);
  pool_similarity_free(&a.alike);
  gate_audit_free(&a.gates);
  pool_close(a.pool);
  return status;
}
