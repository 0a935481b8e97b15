#include "tools/pool/pool_gate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/expert/released.h"
#include "tools/pool/pool_parts.h"
#include "tools/shell/console.h"

Status pool_gate_refuse(const char *file, Error *err) {
  return error_set(err, STATUS_MISMATCH,
                   "%s: provenance: is unverified: the file does not say which base and expert its "
                   "gates were trained on; train them with `skein train gate`, or leave out "
                   "--require-provenance",
                   file);
}

static Status is_own(const char *file, bool *own, Error *err) {
  Weights *w;
  TRY(weights_open(&w, file, err));
  const char *format = weights_meta(w, "format");
  *own = format && strncmp(format, "skein-", strlen("skein-")) == 0;
  weights_close(w);
  return STATUS_OK;
}

static void say_what_it_is(const Released *r, GateForm form) {
  const char *first;
  size_t unused = released_unused(r, true, &first);
  console_note(NULL,
               "%s: does not say which base and expert its gates were trained on; recorded as "
               "provenance: unverified",
               r->path);
  if (unused > 0) {
    console_note(NULL, "%s: %zu tensors are no gates and not used, '%.160s' first", r->path, unused,
                 first);
  }
  if (form == GATE_STANDARDISED) {
    console_note(NULL,
                 "%s: its vectors have mean 0 and variance 1: they were standardised before, and "
                 "routers take them as they are",
                 r->path);
  }
}

static Status write_gate(const Released *r, const PoolManifest *m, const Expert *expert,
                         const Gate *gate, const char *to, Error *err) {
  GateInfo info = {.unverified = true, .form = gate_form(gate)};
  memcpy(info.base, m->base, sizeof info.base);
  memcpy(info.expert, expert_fingerprint(expert), sizeof info.expert);
  TRY(gate_save(gate, r->modules, to, &info, err));
  say_what_it_is(r, info.form);
  return STATUS_OK;
}

static Status convert(const PoolManifest *m, const Modules *modules, const char *adapter,
                      const char *file, const char *to, Error *err) {
  Released r;
  Expert expert = {0};
  Gate *gate = NULL;
  TRY(released_open(&r, file, modules, err));
  Status status = expert_open(&expert, adapter, modules, err);
  if (status == STATUS_OK) status = released_read_gate(&r, &expert, &gate, err);
  if (status == STATUS_OK) status = write_gate(&r, m, &expert, gate, to, err);
  gate_close(gate);
  expert_close(&expert);
  released_close(&r);
  return status;
}

/* A name that dir_sweep takes for one of this process, and that is no other's. */
static char *made_path(const char *dir) {
  char *path;
  int size = asprintf(&path, "%s" PATH_MARK ".gate.tmp.%jd.%016x", dir, (intmax_t)getpid(), 0U);
  return size < 0 ? NULL : path;
}

Status pool_gate_take(PoolGate *g, const PoolManifest *m, const Modules *modules,
                      const char *adapter, const char *file, bool required, Error *err) {
  bool own;
  *g = (PoolGate){.path = file};
  if (!file) return STATUS_OK;
  TRY(pool_check_file(file, "a file of gates in it, such as the gate.safetensors of a run", err));
  TRY(is_own(file, &own, err));
  if (own) return STATUS_OK;
  if (required) return pool_gate_refuse(file, err);
  g->made = made_path(m->dir);
  if (!g->made) return error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  g->path = g->made;
  Status status = convert(m, modules, adapter, file, g->made, err);
  if (status != STATUS_OK) pool_gate_release(g);
  return status;
}

Status pool_gate_say_doubt(const PoolGate *g, Error *err) {
  VectorFile f;
  GateInfo info;
  if (!g->path) return STATUS_OK;
  TRY(vector_file_open(&f, g->path, GATE_FORMAT, err));
  Status status = gate_info_read(&f, &info, err);
  vector_file_close(&f);
  TRY(status);
  if (info.verdict == VERDICT_NOT || info.verdict == VERDICT_BARELY)
    console_note(NULL, "%s: " GATE_DOUBT, g->path, gate_verdict_name(info.verdict));
  return STATUS_OK;
}

void pool_gate_release(PoolGate *g) {
  if (g->made) file_remove(g->made, NULL);
  free(g->made);
  *g = (PoolGate){0};
}
