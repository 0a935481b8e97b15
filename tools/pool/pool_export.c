/* skein pool export: the experts and gates of a pool in the forms of others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/pool/export_embeddings.h"
#include "tools/pool/export_expert.h"
#include "tools/pool/pool_parts.h"
#include "tools/pool/pool_tool.h"
#include "tools/pool/staged_dir.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

/* A pool on its way out. */
typedef struct Export {
  PoolOnBase on;
  const char *out;
  StagedDir staged; /* of a format that is a directory */
  Facts facts;
  json_t *changed; /* in facts: what is not in the files as it is in the pool */
  const volatile sig_atomic_t *stop;
} Export;

typedef Status WriteExport(Export *x, Error *err);

static Status out_of_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

/* Asked before each expert; what there is of the output goes away. */
static Status check_stop(const Export *x, Error *err) {
  if (!*x->stop) return STATUS_OK;
  return error_set(err, STATUS_INTERRUPTED, "interrupted; nothing was written");
}

static void report_change(Export *x, const char *expert, const char *change) {
  json_t *row = facts_row(&x->facts, x->changed);
  facts_set(&x->facts, row, "expert", facts_text(expert));
  facts_set(&x->facts, row, "change", facts_text(change));
}

/* ---- checkpoints ---- */

static Status write_expert(Export *x, int i, const ExportForm *form, TorchWriter *w, Error *err) {
  const PoolManifest *m = &x->on.manifest;
  const Modules *modules = &x->on.model->modules;
  PoolExpert e;
  TRY(check_stop(x, err));
  TRY(pool_expert_open_listed(&e, m, i, modules, err));
  const char *change = export_change(&e, form);
  if (change) report_change(x, m->entry[i].name, change);
  Status status = export_expert(&e, modules, form, i, w, err);
  pool_expert_close(&e);
  return status;
}

static Status finish_writer(TorchWriter *w, Status status, Error *err) {
  if (status == STATUS_OK) return torch_writer_commit(w, err);
  torch_writer_abort(w);
  return status;
}

static Status write_phatgoose(Export *x, Error *err) {
  ExportForm form;
  TorchWriter *w;
  if (file_exists(x->out)) return staged_refuse(x->out, err);
  TRY(export_form(&form, STYLE_PHATGOOSE, x->on.pool, err));
  TRY(torch_writer_open(&w, x->out, err));
  Status status = STATUS_OK;
  for (int i = 0; i < x->on.manifest.count && status == STATUS_OK; i++) {
    status = write_expert(x, i, &form, w, err);
  }
  return finish_writer(w, status, err);
}

/* The file of an expert, of which GLIDER's code takes what precedes the first '_' for the task. */
static Status checkpoint_path(Export *x, int i, char **path, Error *err) {
  const char *name = x->on.manifest.entry[i].name;
  if (asprintf(path, "%s/%s_best.pt", x->staged.path, name) < 0) return out_of_memory(x->out, err);
  char *file = *path + strlen(x->staged.path) + 1;
  if (strchr(name, '_')) report_change(x, name, "each _ of the name is a - in that of the file");
  for (size_t c = 0; c < strlen(name); c++) {
    if (file[c] == '_') file[c] = '-';
  }
  if (!file_exists(*path)) return STATUS_OK;
  error_set(err, STATUS_USAGE, "%s: expert '%s': another would have the file %s, too; rename one",
            x->on.manifest.dir, name, file);
  free(*path);
  return STATUS_USAGE;
}

static Status write_checkpoint(Export *x, int i, const ExportForm *form, Error *err) {
  char *path;
  TorchWriter *w;
  TRY(checkpoint_path(x, i, &path, err));
  Status status = torch_writer_open(&w, path, err);
  free(path);
  TRY(status);
  return finish_writer(w, write_expert(x, i, form, w, err), err);
}

static Status write_glider(Export *x, Error *err) {
  ExportForm form;
  int embeddings;
  TRY(export_form(&form, STYLE_GLIDER, x->on.pool, err));
  TRY(staged_begin(&x->staged, x->out, err));
  for (int i = 0; i < x->on.manifest.count; i++) TRY(write_checkpoint(x, i, &form, err));
  TRY(export_embeddings(&x->on.manifest, x->staged.path, &embeddings, err));
  facts_set(&x->facts, x->facts.root, "embedding_files", json_integer(embeddings));
  return staged_commit(&x->staged, err);
}

/* ---- directories ---- */

static Status copy_listed(const char *from, const char *to, const char *listed, Error *err) {
  char hash[HASH_HEX];
  TRY(pool_copy_file(from, to, hash, err));
  if (strcmp(hash, listed) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH, "%s: was changed while it was copied; start again", from);
}

static Status copy_expert(const PoolManifest *m, int i, const char *folder, Error *err) {
  TRY(dir_make(folder, err));
  Status status = STATUS_OK;
  for (int f = 0; f < POOL_FILES && status == STATUS_OK; f++) {
    const char *listed = m->entry[i].hash[f];
    if (!listed[0]) continue;
    char *from = manifest_path(m, i, (PoolFile)f), *to = path_join(folder, POOL_FILE[f]);
    status = from && to ? copy_listed(from, to, listed, err) : out_of_memory(folder, err);
    free(from);
    free(to);
  }
  return status;
}

/* OUT/<expert>/ as PEFT has it, to the byte, with the gates beside. */
static Status write_peft(Export *x, Error *err) {
  const PoolManifest *m = &x->on.manifest;
  TRY(staged_begin(&x->staged, x->out, err));
  Status status = STATUS_OK;
  for (int i = 0; i < m->count && status == STATUS_OK; i++) {
    TRY(check_stop(x, err));
    char *folder = path_join(x->staged.path, m->entry[i].name);
    status = folder ? copy_expert(m, i, folder, err) : out_of_memory(x->out, err);
    free(folder);
  }
  facts_set(&x->facts, x->facts.root, "gates",
            facts_text("gate.safetensors beside each adapter; PEFT reads the adapters alone"));
  return status == STATUS_OK ? staged_commit(&x->staged, err) : status;
}

/* ---- all ---- */

static Status find_format(const char *format, WriteExport **write, Error *err) {
  static const struct {
    const char *name;
    WriteExport *write;
  } FORMAT[] = {{"phatgoose", write_phatgoose}, {"glider", write_glider}, {"peft", write_peft}};
  for (size_t i = 0; i < sizeof FORMAT / sizeof *FORMAT; i++) {
    *write = FORMAT[i].write;
    if (strcmp(format, FORMAT[i].name) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "pool export: '%.80s' is none of phatgoose, glider, peft",
                   format);
}

Status pool_export(const char *format, const char *dir, const char *out, const PoolOptions *o,
                   Error *err) {
  WriteExport *write;
  TRY(find_format(format, &write, err));
  Export x = {.out = out, .facts = facts_new(), .stop = interrupt_catch()};
  Facts *f = &x.facts;
  facts_set(f, f->root, "pool", facts_text(dir));
  facts_set(f, f->root, "format", facts_text(format));
  facts_set(f, f->root, "output", facts_text(out));
  x.changed = facts_array(f, f->root, "changed");
  Status status = pool_on_base_open(&x.on, dir, o->base, NULL, err);
  if (status == STATUS_OK) status = write(&x, err);
  if (status == STATUS_OK) {
    facts_set(f, f->root, "experts_count", json_integer(x.on.manifest.count));
    status = facts_print(f, o->json, err);
    if (status == STATUS_OK && !o->json)
      console_say("%s: the %d expert%s of %s, as %s has them", out, x.on.manifest.count,
                  x.on.manifest.count == 1 ? "" : "s", dir, format);
  }
  staged_close(&x.staged);
  pool_on_base_close(&x.on);
  facts_free(f);
  return status;
}
