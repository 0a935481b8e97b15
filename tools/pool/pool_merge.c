/* skein pool merge: the experts of a pool as one adapter, in a new PEFT directory. */
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "data/text/json.h"
#include "infer/merge/merge_save.h"
#include "tools/pool/pool_tool.h"
#include "tools/pool/staged_dir.h"
#include "tools/shell/console.h"

/* ---- settings ---- */

/* The options of the command that are those of a merge. */
typedef struct MergeFlag {
  const char *name, *key, *value;
} MergeFlag;

static Status read_flag(OptionSet *set, const MergeSettings *s, const MergeFlag *flag, Error *err) {
  if (!flag->value) return STATUS_OK;
  TRY(options_command(set, flag->key, flag->value, flag->name, err));
  if (merge_reads(s, flag->key) || strcmp(flag->key, "merge.rank") == 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "pool merge: %s: is nothing to %s; leave it out", flag->name,
                   merge_method_name(s->method));
}

static Status read_settings(OptionSet *set, MergeSettings *s, const PoolOptions *o, Error *err) {
  const MergeFlag flag[] = {
      {"--method", "merge.method", o->method},    {"--compat", "merge.compat", o->compat},
      {"--weights", "merge.weights", o->weights}, {"--density", "merge.density", o->density},
      {"--rank", "merge.rank", o->rank},          {"--seed", "merge.seed", o->seed},
      {"--scope", "merge.scope", o->scope},
  };
  TRY(options_init(set, MERGE_OPTION, MERGE_OPTIONS, s, err));
  for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) TRY(read_flag(set, s, &flag[i], err));
  return merge_check(s, err);
}

static bool is_read(const char *key, const void *settings) {
  return merge_reads(settings, key);
}

/* ---- files ---- */

typedef struct Merge {
  PoolOnBase on;
  OptionSet set;
  MergeSettings settings;
  Merged merged;
  StagedDir staged;
} Merge;

static Status write_record(const Merge *m, Error *err) {
  json_t *settings = options_json(&m->set, is_read, &m->settings);
  json_t *record = merge_record(&m->merged, m->on.pool, &m->settings, settings);
  char *path = path_join(m->staged.path, MERGE_RECORD);
  Status status = record && path ? json_write_file(record, path, err)
                                 : error_set(err, STATUS_RUN, "%s: out of memory", m->staged.dir);
  free(path);
  json_decref(record);
  return status;
}

static Status write_adapter(Merge *m, const char *out, Error *err) {
  TRY(staged_begin(&m->staged, out, err));
  TRY(merge_save(&m->merged, m->on.pool, m->staged.path, err));
  TRY(write_record(m, err));
  return staged_commit(&m->staged, err);
}

/* ---- what is told ---- */

static double part_lost(const MergedModule *m) {
  return m->norm > 0 ? m->lost / m->norm : 0;
}

static void tell_modules(Facts *f, const Merge *m) {
  const Merged *merged = &m->merged;
  int64_t modules = 0, least = 0, most = 0, numbers = 0;
  int worst = 0;
  for (int i = 0; i < merged->adapters.count; i++) {
    int64_t rank = merged->module[i].rank;
    if (!merged->adapters.slot[i].kind) continue;
    modules++;
    numbers +=
        tensor_count(&merged->a[i]) + tensor_count(&merged->b[i]) + tensor_count(&merged->l[i]);
    if (least == 0 || rank < least) least = rank;
    if (rank > most) most = rank;
    if (part_lost(&merged->module[i]) > part_lost(&merged->module[worst])) worst = i;
  }
  facts_set(f, f->root, "modules", json_integer(modules));
  facts_set(f, f->root, "numbers", json_integer(numbers));
  if (most == 0) return;
  facts_set(f, f->root, "rank_least", json_integer(least));
  facts_set(f, f->root, "rank_most", json_integer(most));
  facts_set(f, f->root, "lost", facts_number(merged_lost(merged)));
  if (part_lost(&merged->module[worst]) == 0) return;
  facts_set(f, f->root, "lost_most", facts_number(part_lost(&merged->module[worst])));
  facts_set(f, f->root, "lost_most_at", facts_text(pool_modules(m->on.pool)->module[worst].name));
}

static Status tell(const Merge *m, const char *dir, const PoolOptions *o, Error *err) {
  Facts f = facts_new();
  facts_set(&f, f.root, "pool", facts_text(dir));
  facts_set(&f, f.root, "output", facts_text(o->output));
  facts_set(&f, f.root, "method", facts_text(merge_method_name(m->settings.method)));
  json_t *experts = facts_array(&f, f.root, "experts");
  for (int i = 0; i < pool_count(m->on.pool); i++)
    facts_append(&f, experts, facts_text(pool_entry(m->on.pool, i)->name));
  tell_modules(&f, m);
  Status status = facts_print(&f, o->json, err);
  if (status == STATUS_OK && !o->json)
    console_say("%s: %d expert%s of %s as one adapter; %s says of what", o->output,
                pool_count(m->on.pool), pool_count(m->on.pool) == 1 ? "" : "s", dir, MERGE_RECORD);
  facts_free(&f);
  return status;
}

/* ---- all ---- */

static Status merge(Merge *m, const char *dir, const PoolOptions *o, Error *err) {
  if (!o->output)
    return error_set(err, STATUS_USAGE,
                     "pool merge: --output DIR is missing; see skein pool --help");
  TRY(read_settings(&m->set, &m->settings, o, err));
  TRY(staged_check(o->output, err));
  TRY(pool_on_base_open(&m->on, dir, o->base, o->experts, err));
  TRY(merge_pool(&m->merged, m->on.pool, &m->settings, err));
  TRY(write_adapter(m, o->output, err));
  return tell(m, dir, o, err);
}

Status pool_merge(const char *dir, const PoolOptions *o, Error *err) {
  Merge m = {0};
  Status status = merge(&m, dir, o, err);
  staged_close(&m.staged);
  merged_free(&m.merged);
  pool_on_base_close(&m.on);
  options_free(&m.set);
  return status;
}
