#include "tools/pool/import_add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "autograd/ground/text_stream.h"
#include "autograd/ground/visible.h"
#include "data/file/path.h"
#include "infer/expert/gate_looks.h"
#include "tools/pool/pool_parts.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

static GateForm form_of(const Gate *gate, const ImportedExpert *expert) {
  return expert->raw_gates ? GATE_DIRECTIONS : gate_form(gate);
}

static Status write_files(const PoolImport *p, const char *folder, const Lora *lora,
                          const Gate *gate, Dtype dtype, GateForm form, Error *err) {
  const Modules *modules = &p->model->modules;
  GateInfo info = {.unverified = true, .form = form};
  memcpy(info.base, p->m.base, sizeof info.base);
  memcpy(info.expert, lora->fingerprint, sizeof info.expert);
  TRY(lora_save(lora, modules, folder, p->m.base_name, dtype, err));
  char *path = path_join(folder, POOL_FILE[POOL_GATE]);
  Status status = path ? gate_save(gate, modules, path, &info, err) : out_of_memory(folder, err);
  free(path);
  return status;
}

/* Reads back what was written, with every check that an addition has. */
static Status describe_files(PoolImport *p, const char *folder, PoolEntry *entry, Error *err) {
  char *path[POOL_FILES] = {0};
  Status status = STATUS_OK;
  for (int f = 0; f <= POOL_GATE && status == STATUS_OK; f++) {
    path[f] = path_join(folder, POOL_FILE[f]);
    status = path[f] ? hash_file(path[f], entry->hash[f], err) : out_of_memory(folder, err);
  }
  PoolSource source = {folder, path[POOL_GATE], NULL};
  if (status == STATUS_OK) {
    status = pool_describe_new(&p->m, &source, &p->model->modules, entry, err);
  }
  for (int f = 0; f < POOL_FILES; f++) free(path[f]);
  return status;
}

static Status report_expert(PoolImport *p, const PoolEntry *entry, const Lora *lora,
                            const Gate *gate, GateForm form, Error *err) {
  Facts *f = &p->facts;
  GateLooks looks;
  TRY(gate_looks(gate, lora, &looks, err));
  json_t *row = facts_row(f, p->rows);
  facts_set(f, row, "name", facts_text(entry->name));
  facts_set(f, row, "rank", json_integer(entry->rank_max));
  facts_set(f, row, "modules", json_integer(entry->modules));
  facts_set(f, row, "gates", facts_text(gate_looks_name(looks)));
  facts_set(f, row, "routed", facts_text(form == GATE_RAW ? "standardised" : "as they are"));
  facts_set(f, row, "source", facts_text(entry->source));
  p->zero += looks == LOOKS_ZERO;
  p->unit += form == GATE_RAW && looks >= LOOKS_UNIT;
  return STATUS_OK;
}

/* The name of a checkpoint may be any bytes; the manifest is text. */
static char *shown(const char *source) {
  TextStream text;
  if (!text_stream_open(&text)) return NULL;
  visible_put(text.out, source);
  return text_stream_close(&text);
}

/* Makes room for the expert in the manifest, with its name. */
static Status new_entry(PoolImport *p, const ImportedExpert *expert, PoolEntry **entry,
                        Error *err) {
  PoolManifest *m = &p->m;
  int other = manifest_find(m, expert->name);
  if (other >= 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: expert '%s': is there twice, also from %s; name experts differently",
                     expert->source, expert->name, m->entry[other].source);
  }
  PoolEntry *grown = array_grow(m->entry, (size_t)m->count, 1, sizeof *grown);
  if (!grown) return out_of_memory(p->dir, err);
  m->entry = grown;
  *entry = &m->entry[m->count++];
  **entry = (PoolEntry){.name = strdup(expert->name),
                        .source = shown(expert->source),
                        .instruction = strdup(""),
                        .licence = strdup("")};
  bool made = (*entry)->name && (*entry)->source && (*entry)->instruction && (*entry)->licence;
  return made ? STATUS_OK : out_of_memory(p->dir, err);
}

static Status place_expert(PoolImport *p, const Lora *lora, const Gate *gate, Dtype dtype,
                           const ImportedExpert *expert, Error *err) {
  PoolEntry *entry = NULL;
  GateForm form = form_of(gate, expert);
  TRY(new_entry(p, expert, &entry, err));
  char *folder = manifest_expert_dir(&p->m, p->m.count - 1);
  Status status =
      folder ? write_files(p, folder, lora, gate, dtype, form, err) : out_of_memory(p->dir, err);
  if (status == STATUS_OK) status = describe_files(p, folder, entry, err);
  if (status == STATUS_OK) status = report_expert(p, entry, lora, gate, form, err);
  free(folder);
  return status;
}

Status pool_import_add(PoolImport *p, Released *r, int i, const ImportedExpert *expert,
                       Error *err) {
  Lora *lora;
  Gate *gate;
  Dtype dtype;
  if (*p->stop) {
    return error_set(err, STATUS_INTERRUPTED, "interrupted after %d experts; nothing was written",
                     p->m.count);
  }
  TRY(released_dtype(r, i, &dtype, err));
  TRY(released_read(r, i, &lora, &gate, err));
  Status status = place_expert(p, lora, gate, dtype, expert, err);
  lora_close(lora);
  gate_close(gate);
  return status;
}

/* Values beside the tensors of a PyTorch file: "epoch". */
static void report_texts(PoolImport *p, const TensorTable *table) {
  for (size_t i = 0; table->format == FORMAT_TORCH && i < table->meta_count; i++) {
    facts_append(&p->facts, p->unused, facts_text(table->meta[i].key));
  }
}

void pool_import_unused(PoolImport *p, const Released *r) {
  for (size_t i = 0; i < weights_tables(r->weights); i++) {
    report_texts(p, weights_table(r->weights, i));
  }
  const char *first = "";
  size_t count = released_unused(r, false, &first);
  if (count > 0 && p->left_over == 0) {
    facts_append(&p->facts, p->unused, facts_text(first));
  }
  p->left_over += (int64_t)count;
}
