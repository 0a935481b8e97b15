/* skein pool import phatgoose: the experts and gates of a best.pt. */
#include <stdio.h>
#include <stdlib.h>

#include "data/file/path.h"
#include "tools/pool/pool_import.h"
#include "tools/pool/pool_names.h"
#include "tools/pool/pool_parts.h"

/* Of a file of one expert its number says nothing. */
static char *source_text(const Released *r, int i) {
  char *text;
  int size = r->experts == 1 ? asprintf(&text, "%s", path_last(r->path))
                             : asprintf(&text, "%s, expert %d", path_last(r->path), i);
  return size < 0 ? NULL : text;
}

static Status add_all(PoolImport *p, Released *r, const PoolNames *names, const PoolOptions *o,
                      Error *err) {
  Status status = STATUS_OK;
  for (int i = 0; i < r->experts && status == STATUS_OK; i++) {
    char *source = source_text(r, i);
    ImportedExpert expert = {names->name[i], source, o->raw_gates};
    status = source ? pool_import_add(p, r, i, &expert, err)
                    : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
    free(source);
  }
  if (status == STATUS_OK) pool_import_unused(p, r);
  return status;
}

Status pool_import_phatgoose(PoolImport *p, const PoolOptions *o, Error *err) {
  Released r;
  PoolNames names = {0};
  TRY(pool_check_file(o->checkpoint, "a file, best.pt; import glider reads directories", err));
  TRY(released_open(&r, o->checkpoint, &p->model->modules, err));
  Status status = released_check(&r, err);
  if (status == STATUS_OK)
    status = pool_names_read(&names, o->names, r.experts, o->checkpoint, err);
  if (status == STATUS_OK) status = add_all(p, &r, &names, o, err);
  pool_names_free(&names);
  released_close(&r);
  return status;
}
