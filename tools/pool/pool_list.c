#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/expert/gate.h"
#include "infer/t5/t5_config.h"
#include "tools/pool/pool_tool.h"

/* Linears that experts can cover, from the base's configuration alone; 0 when it is not there. */
static int64_t count_linears(const char *base) {
  T5Config c;
  Error ignored = {0};
  if (t5_config_read(&c, base, &ignored) != STATUS_OK) return 0;
  int64_t attention = 4, ff = c.gated ? 3 : 2;
  return c.encoder_layers * (attention + ff) + c.decoder_layers * (2 * attention + ff);
}

/* 8, or "4-8"; of a LoRA. */
static json_t *rank_range(const PoolEntry *e) {
  char text[48];
  if (e->kind != PEFT_LORA) return json_null();
  if (e->rank_min == e->rank_max) return json_integer(e->rank_min);
  snprintf(text, sizeof text, "%lld-%lld", (long long)e->rank_min, (long long)e->rank_max);
  return facts_text(text);
}

static json_t *alpha_range(const PoolEntry *e) {
  char text[64];
  if (e->kind != PEFT_LORA) return json_null();
  if (!(e->alpha_min < e->alpha_max)) return facts_number(e->alpha_min);
  snprintf(text, sizeof text, "%g-%g", e->alpha_min, e->alpha_max);
  return facts_text(text);
}

/* The beginning of a text, in one line. */
static json_t *first_columns(const char *text) {
  enum { COLUMNS = 40 };
  char shown[4 * COLUMNS + 4];
  size_t n = 0;
  int columns = 0;
  for (; text[n] && n < sizeof shown - 4; n++) {
    columns += (text[n] & 0xc0) != 0x80;
    if (columns > COLUMNS) break;
    shown[n] = (char)(text[n] == '\n' || text[n] == '\t' ? ' ' : text[n]);
  }
  strcpy(shown + n, text[n] ? "..." : "");
  return facts_text(shown);
}

/* What the gate's file says of it. */
static Status gate_info(const PoolManifest *m, int i, GateInfo *info, Error *err) {
  VectorFile f;
  *info = (GateInfo){0};
  if (!m->entry[i].hash[POOL_GATE][0]) return STATUS_OK;
  char *path = manifest_path(m, i, POOL_GATE);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  Status status = vector_file_open(&f, path, GATE_FORMAT, err);
  free(path);
  TRY(status);
  status = gate_info_read(&f, info, err);
  vector_file_close(&f);
  return status;
}

static Status read_gates(const PoolManifest *m, GateInfo **gate, Error *err) {
  *gate = calloc((size_t)m->count + 1, sizeof **gate);
  Status status = *gate ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  for (int i = 0; i < m->count && status == STATUS_OK; i++)
    status = gate_info(m, i, &(*gate)[i], err);
  return status;
}

/* The manifest and what the gates that it lists say, again where it was changed in between. */
static Status read_pool(PoolManifest *m, GateInfo **gate, const char *dir, Error *err) {
  for (;;) {
    Error failure = {0};
    *gate = NULL;
    TRY(manifest_read(m, dir, err));
    if (read_gates(m, gate, &failure) == STATUS_OK) return STATUS_OK;
    bool changed = manifest_changed(m);
    free(*gate);
    manifest_free(m);
    if (!changed) return error_set(err, failure.status, "%s", failure.text);
  }
}

/* Whose gates they are, as far as it is known. */
static json_t *provenance(const PoolEntry *e, const GateInfo *gate) {
  char text[64];
  if (!e->hash[POOL_GATE][0]) return json_null();
  if (gate->unverified) return facts_text(PROVENANCE_UNVERIFIED);
  if (e->maker.way == GATE_CONTRIBUTED) return facts_text("recorded");
  snprintf(text, sizeof text, "collector (%s)", gate_way_name(e->maker.way));
  return facts_text(text);
}

static void add_gate(Facts *f, json_t *row, const PoolEntry *e, const GateInfo *gate) {
  bool has = e->hash[POOL_GATE][0];
  const char *verdict = gate_verdict_name(gate->verdict);
  facts_set(f, row, "gate_steps",
            gate->unverified || !has ? json_null() : json_integer(gate->steps));
  facts_set(f, row, "gate", facts_text(has ? gate_form_name(gate->form) : "none"));
  facts_set(f, row, "verdict", verdict ? facts_text(verdict) : json_null());
  facts_set(f, row, "provenance", provenance(e, gate));
}

static void add_expert(Facts *f, json_t *rows, const PoolEntry *e, const GateInfo *gate,
                       bool whole) {
  json_t *row = facts_row(f, rows);
  facts_set(f, row, "name", facts_text(e->name));
  facts_set(f, row, "kind", facts_text(peft_type_name(e->kind)));
  facts_set(f, row, "rank", rank_range(e));
  facts_set(f, row, "alpha", alpha_range(e));
  facts_set(f, row, "modules", json_integer(e->modules));
  add_gate(f, row, e, gate);
  facts_set(f, row, "instruction",
            whole ? facts_text(e->instruction) : first_columns(e->instruction));
  facts_set(f, row, "licence", facts_text(e->licence));
  if (!whole) return;
  facts_set(f, row, "source", facts_text(e->source));
  facts_set(f, row, "gate_data",
            e->maker.way == GATE_CONTRIBUTED ? json_null() : facts_text(e->maker.data));
  facts_set(f, row, "fingerprint", facts_text(e->fingerprint));
}

static void describe_pool(Facts *f, const PoolManifest *m, const GateInfo *gate, bool whole) {
  int64_t linears = count_linears(m->base_name);
  facts_set(f, f->root, "directory", facts_text(m->dir));
  facts_set(f, f->root, "kind", facts_text("pool of experts"));
  facts_set(f, f->root, "base", facts_text(m->base_name));
  facts_set(f, f->root, "base_fingerprint", facts_text(m->base));
  facts_set(f, f->root, "base_linears", linears ? json_integer(linears) : json_null());
  facts_set(f, f->root, "experts_count", json_integer(m->count));
  json_t *rows = facts_array(f, f->root, "experts");
  for (int i = 0; i < m->count; i++) add_expert(f, rows, &m->entry[i], &gate[i], whole);
}

Status pool_list(Facts *f, const char *dir, bool whole, Error *err) {
  PoolManifest m;
  GateInfo *gate;
  TRY(read_pool(&m, &gate, dir, err));
  describe_pool(f, &m, gate, whole);
  free(gate);
  manifest_free(&m);
  return STATUS_OK;
}
