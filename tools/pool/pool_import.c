#include "tools/pool/pool_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pool/pool_parts.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

typedef struct Format {
  const char *name;
  Status (*read)(PoolImport *p, const PoolOptions *o, Error *err);
} Format;

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* ---- beginning ---- */

static Status open_base(PoolImport *p, const char *base, Error *err) {
  TRY(pool_check_text("--base", base, err));
  TRY(staged_check(p->dir, err)); /* before the base, which is large, is read */
  TRY(t5_open(&p->model, base, err));
  TRY(t5_fingerprint(p->model, p->m.base, err));
  TRY(t5_sample(p->model, p->m.sample, err));
  TRY(staged_begin(&p->staged, p->dir, err));
  p->m.dir = strdup(p->staged.path);
  p->m.base_name = strdup(base);
  return p->m.dir && p->m.base_name ? STATUS_OK : out_of_memory(p->dir, err);
}

static Status begin(PoolImport *p, const Format *format, const PoolOptions *o, Error *err) {
  TRY(open_base(p, o->base, err));
  Facts *f = &p->facts;
  facts_set(f, f->root, "pool", facts_text(p->dir));
  facts_set(f, f->root, "format", facts_text(format->name));
  facts_set(f, f->root, "base", facts_text(o->base));
  facts_set(f, f->root, "provenance", facts_text(PROVENANCE_UNVERIFIED));
  p->unused = facts_array(f, f->root, "not_used");
  p->rows = facts_array(f, f->root, "experts");
  return STATUS_OK;
}

/* ---- finishing ---- */

static void say_of_gates(const PoolImport *p) {
  if (p->zero > 0) {
    console_note(NULL,
                 "%s: the gates of %d of %d experts are 0: train them (skein train gate), a router "
                 "gives such an expert the logit 0",
                 p->dir, p->zero, p->m.count);
  }
  if (p->unit > 0) {
    console_note(NULL,
                 "%s: the gates of %d of %d experts have length 1, as in GLIDER's checkpoints for "
                 "Arrow, whose runs do not standardise them; --raw-gates takes them as they are",
                 p->dir, p->unit, p->m.count);
  }
}

static Status finish(PoolImport *p, bool as_json, Error *err) {
  Facts *f = &p->facts;
  facts_set(f, f->root, "experts_count", json_integer(p->m.count));
  facts_set(f, f->root, "base_linears", json_integer(p->model->modules.count));
  facts_set(f, f->root, "tensors_not_used", json_integer(p->left_over));
  facts_set(f, f->root, "scale",
            facts_text("1 / rank (alpha 1), as the code of the papers has it"));
  TRY(pool_write_ignored(p->m.dir, err));
  TRY(manifest_write(&p->m, err));
  TRY(staged_commit(&p->staged, err));
  say_of_gates(p);
  TRY(facts_print(f, as_json, err));
  if (!as_json)
    console_say("%s: a new pool of %d expert%s", p->dir, p->m.count, p->m.count == 1 ? "" : "s");
  return STATUS_OK;
}

/* ---- all ---- */

/* An option is of this format or of another. */
static Status check_options(const Format *format, const PoolOptions *o, Error *err) {
  bool glider = format->read == pool_import_glider;
  const char *missing = !o->base                    ? "base DIR"
                        : glider && !o->directory   ? "directory DIR"
                        : !glider && !o->checkpoint ? "checkpoint FILE"
                                                    : NULL;
  const char *stranger = glider && o->checkpoint    ? "checkpoint"
                         : glider && o->names       ? "names"
                         : !glider && o->directory  ? "directory"
                         : !glider && o->embeddings ? "embeddings"
                         : !glider && o->embedder   ? "embedder"
                                                    : NULL;
  if (missing)
    return error_set(err, STATUS_USAGE, "pool import %s: --%s is missing", format->name, missing);
  if (stranger)
    return error_set(err, STATUS_USAGE, "pool import %s: takes no --%s", format->name, stranger);
  return STATUS_OK;
}

static Status find_format(const char *name, const Format **format, Error *err) {
  static const Format FORMAT[] = {{"phatgoose", pool_import_phatgoose},
                                  {"glider", pool_import_glider}};
  for (size_t i = 0; i < sizeof FORMAT / sizeof *FORMAT; i++) {
    *format = &FORMAT[i];
    if (strcmp(name, FORMAT[i].name) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "pool import: '%.80s' is none of phatgoose, glider", name);
}

Status pool_import(const char *name, const char *dir, const PoolOptions *o, Error *err) {
  const Format *format;
  PoolImport p = {.dir = dir, .facts = facts_new(), .stop = interrupt_catch()};
  Status status = find_format(name, &format, err);
  if (status == STATUS_OK) status = check_options(format, o, err);
  if (status == STATUS_OK) status = begin(&p, format, o, err);
  if (status == STATUS_OK) status = format->read(&p, o, err);
  if (status == STATUS_OK) status = finish(&p, o->json, err);
  staged_close(&p.staged);
  facts_free(&p.facts);
  t5_close(p.model);
  manifest_free(&p.m);
  return status;
}
