/* skein pool import glider: a directory of <task>_best.pt, in the order of their names, and the
 * embeddings of the experts' instructions (src/utils/get_model.py of UNITES-Lab/glider). */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/embed/embeddings.h"
#include "tools/pool/pool_import.h"
#include "tools/pool/pool_names.h"

#define CHECKPOINT_END "_best.pt"

static Status out_of_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

/* ---- checkpoints ---- */

static bool is_checkpoint(const char *file) {
  size_t size = strlen(file), end = strlen(CHECKPOINT_END);
  return size > end && strcmp(file + size - end, CHECKPOINT_END) == 0;
}

static Status import_checkpoint(PoolImport *p, const char *path, const char *name,
                                const PoolOptions *o, Error *err) {
  Released r;
  TRY(released_open(&r, path, &p->model->modules, err));
  ImportedExpert expert = {name, path_last(path), o->raw_gates};
  Status status = released_check(&r, err);
  if (status == STATUS_OK && r.experts != 1) {
    status =
        error_set(err, STATUS_INPUT,
                  "%s: holds %d experts, want one a file; is it PHATGOOSE's (skein pool import "
                  "phatgoose)?",
                  path, r.experts);
  }
  if (status == STATUS_OK) status = pool_import_add(p, &r, 0, &expert, err);
  if (status == STATUS_OK) pool_import_unused(p, &r);
  released_close(&r);
  return status;
}

/* The task of a file is what precedes the first '_'. */
static Status import_named(PoolImport *p, const char *file, const PoolOptions *o, Error *err) {
  char *path = path_join(o->directory, file);
  char *name = pool_name_small(file, strcspn(file, "_"));
  Status status = path && name ? STATUS_OK : out_of_memory(o->directory, err);
  if (status == STATUS_OK && !pool_name_valid(name)) {
    status = error_set(
        err, STATUS_INPUT,
        "%s: '%.120s', which precedes its first '_', is no name of an expert; " POOL_NAME_RULE,
        path, name);
  }
  if (status == STATUS_OK) status = import_checkpoint(p, path, name, o, err);
  free(path);
  free(name);
  return status;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name); /* as Python sorts */
}

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static Status import_directory(PoolImport *p, const PoolOptions *o, Error *err) {
  struct dirent **entry = NULL;
  int n = scandir(o->directory, &entry, is_visible, by_bytes);
  if (n < 0) {
    return error_set_errno(err, STATUS_INPUT, "%s: want the directory of the <task>" CHECKPOINT_END,
                           o->directory);
  }
  Status status = STATUS_OK;
  for (int i = 0; i < n; i++) {
    const char *file = entry[i]->d_name;
    bool wanted = is_checkpoint(file);
    if (wanted && status == STATUS_OK) status = import_named(p, file, o, err);
    if (!wanted) facts_append(&p->facts, p->unused, facts_text(file));
    free(entry[i]);
  }
  free(entry);
  if (status != STATUS_OK || p->m.count > 0) return status;
  return error_set(err, STATUS_INPUT, "%s: has no <task>" CHECKPOINT_END, o->directory);
}

/* ---- embeddings ---- */

/* The row of an expert: its name, or, as names may have been written with capitals, the only one
 * that differs from it in these alone; -1: there is none. */
static Status find_row(const Embeddings *e, const char *name, const char *file, int64_t *row,
                       Error *err) {
  int64_t alike = -1, more = -1;
  for (*row = 0; *row < e->count; ++*row) {
    if (strcmp(e->name[*row], name) == 0) return STATUS_OK;
    if (strcasecmp(e->name[*row], name) != 0) continue;
    more = alike;
    alike = *row;
  }
  *row = alike;
  if (more < 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: '%.100s' and '%.100s' may both be of the expert '%s'; keep one", file,
                   e->name[more], e->name[alike], name);
}

static Status fill_rows(const PoolManifest *m, const Embeddings *from, Embeddings *to,
                        const char *file, Error *err) {
  for (int i = 0; i < m->count; i++) {
    int64_t row;
    TRY(find_row(from, m->entry[i].name, file, &row, err));
    if (row < 0) {
      return error_set(err, STATUS_INPUT,
                       "%s: has no vector of '%s', which %s is of; take the file of these experts",
                       file, m->entry[i].name, m->entry[i].source);
    }
    to->name[i] = strdup(m->entry[i].name);
    if (!to->name[i]) return out_of_memory(file, err);
    memcpy(to->vector + i * to->dim, from->vector + row * from->dim,
           (size_t)to->dim * sizeof *to->vector);
  }
  return STATUS_OK;
}

static Status write_rows(PoolImport *p, const Embeddings *e, Error *err) {
  char *path = embeddings_path(p->m.dir, e->embedder, false);
  char *folder = path_below(p->m.dir, "embeddings");
  Status status = path && folder ? dir_make(folder, err) : out_of_memory(p->dir, err);
  if (status == STATUS_OK) status = embeddings_write(e, path, err);
  free(path);
  free(folder);
  return status;
}

static Status import_embeddings(PoolImport *p, const PoolOptions *o, Error *err) {
  Embeddings from, to = {0};
  TRY(embeddings_import(&from, o->embeddings, o->embedder, err));
  Status status = embeddings_new(&to, from.embedder, p->m.count, from.dim, err);
  if (status == STATUS_OK) status = fill_rows(&p->m, &from, &to, o->embeddings, err);
  if (status == STATUS_OK) status = write_rows(p, &to, err);
  Facts *f = &p->facts;
  facts_set(f, f->root, "embedder", facts_text(from.embedder));
  facts_set(f, f->root, "embeddings", json_integer(p->m.count));
  facts_set(f, f->root, "embeddings_not_used", json_integer(from.count - p->m.count));
  embeddings_free(&from);
  embeddings_free(&to);
  return status;
}

Status pool_import_glider(PoolImport *p, const PoolOptions *o, Error *err) {
  TRY(import_directory(p, o, err));
  return o->embeddings ? import_embeddings(p, o, err) : STATUS_OK;
}
