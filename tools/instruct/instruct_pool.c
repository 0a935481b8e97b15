/* What a pool is given: the first answer of each name, in one step of the manifest. */
#include <stdlib.h>
#include <string.h>

#include "tools/instruct/questions.h"
#include "tools/pool/pool_change.h"
#include "tools/pool/pool_embeddings.h"
#include "tools/shell/console.h"

static Status check_expert(const PoolManifest *m, const Question *q, bool replace, Error *err) {
  int at;
  TRY(manifest_require(m, q->name, &at, err));
  const char *there = m->entry[at].instruction;
  if (!*there || replace || (q->answer && strcmp(there, q->answer) == 0)) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: expert '%s' has an instruction already; give --replace to put another in "
                   "its place",
                   m->dir, q->name);
}

Status instruct_pool_check(const Questions *q, const InstructOptions *o, Error *err) {
  PoolManifest m;
  TRY(manifest_read(&m, o->pool, err));
  Status status = STATUS_OK;
  for (int i = 0; i < q->count && status == STATUS_OK; i++)
    if (q->question[i].number == 0) status = check_expert(&m, &q->question[i], o->replace, err);
  manifest_free(&m);
  return status;
}

typedef struct Change {
  const Questions *questions;
  const InstructOptions *o;
  char *names; /* of experts with another instruction, "a,b" */
  int count;
} Change;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the instructions of a pool");
}

static Status set_one(PoolManifest *m, Change *c, const Question *q, Error *err) {
  int at;
  char *names;
  TRY(check_expert(m, q, c->o->replace, err)); /* it may be another pool by now */
  TRY(manifest_require(m, q->name, &at, err));
  char **there = &m->entry[at].instruction;
  if (strcmp(*there, q->answer) == 0) return STATUS_OK;
  char *copy = strdup(q->answer);
  if (!copy) return no_memory(err);
  free(*there);
  *there = copy;
  if (asprintf(&names, "%s%s%s", c->names ? c->names : "", c->names ? "," : "", q->name) < 0)
    return no_memory(err);
  free(c->names);
  c->names = names;
  c->count++;
  return STATUS_OK;
}

static Status set_all(PoolManifest *m, void *arg, Error *err) {
  Change *c = arg;
  for (int i = 0; i < c->questions->count; i++)
    if (c->questions->question[i].number == 0) TRY(set_one(m, c, &c->questions->question[i], err));
  if (c->count == 0) {
    plan_say(c->o, "%s: has these instructions already", m->dir);
    return STATUS_OK;
  }
  TRY(manifest_write(m, err));
  plan_say(c->o, "%s: %d %s another instruction now", m->dir, c->count,
           c->count == 1 ? "expert has" : "experts have");
  pool_tell_embeddings(m, c->names);
  return STATUS_OK;
}

Status instruct_pool_write(const Questions *q, const InstructOptions *o, Error *err) {
  Change change = {.questions = q, .o = o};
  Status status = pool_change(o->pool, set_all, &change, err);
  free(change.names);
  return status;
}
